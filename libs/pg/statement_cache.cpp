#include "libs/pg/statement_cache.h"

#include <algorithm>

namespace crm::pg {

Result<Prepared*> StatementCache::Find(const std::string& sql) {
  if (const auto found = by_sql_.find(sql); found != by_sql_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return &entries_.front();
  }
  auto types = ParamTypesOf(sql);
  if (!types.ok()) return types.status();
  entries_.push_front({sql, "crm_" + std::to_string(next_name_++), std::move(*types)});
  by_sql_.emplace(entries_.front().sql, entries_.begin());
  return &entries_.front();
}

void StatementCache::Drop(const std::string& name) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Prepared& p) { return p.name == name; });
  if (entry == entries_.end()) return;
  by_sql_.erase(entry->sql);
  entries_.erase(entry);
}

std::vector<std::string> StatementCache::Evict() {
  std::vector<std::string> names;
  while (entries_.size() > limit_) {
    if (entries_.back().sent) names.push_back(entries_.back().name);
    by_sql_.erase(entries_.back().sql);
    entries_.pop_back();
  }
  return names;
}

void StatementCache::Clear() {
  by_sql_.clear();
  entries_.clear();
}

}  // namespace crm::pg
