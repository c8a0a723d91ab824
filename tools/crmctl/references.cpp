#include "tools/crmctl/references.h"

namespace crm::ctl {

namespace {

const std::string kPlanned;

}  // namespace

Result<const Collection*> References::Open(const std::string& collection, const std::string& by) {
  auto& opened = collections_[{collection, by}];
  if (opened == nullptr) {
    auto result = Collection::Open(remote_, collection, by);
    if (!result) return result.status();
    opened = *std::move(result);
  }
  return static_cast<const Collection*>(opened.get());
}

Status References::Use(const std::string& collection, const std::string& by) {
  used_.insert({collection, by});
  return Open(collection, by).status();
}

Status References::Fetch(const std::set<Reference>& wanted) {
  if (names_.size() > kMaxNames) names_.clear();
  std::map<CollectionKey, std::vector<std::string>> missing;
  for (const auto& reference : wanted) {
    if (Find(reference) == nullptr) {
      missing[{reference.collection, reference.by}].push_back(reference.key);
    }
  }
  for (const auto& [where, keys] : missing) {
    auto collection = Open(where.first, where.second);
    if (!collection) return collection.status();
    auto found = (*collection)->Find(keys);
    if (!found) return found.status();
    for (const auto& [key, record] : *found) {
      names_[{where.first, where.second, key}] = TextAt(*record, "name");
    }
  }
  return Status::Ok();
}

const std::string* References::Find(const Reference& reference) const {
  auto found = names_.find(reference);
  if (found != names_.end()) return &found->second;
  return planned_.count(reference) != 0 ? &kPlanned : nullptr;
}

void References::Learn(const Reference& reference, const std::string& name) {
  if (used_.count({reference.collection, reference.by}) == 0) return;
  if (name.empty()) {
    planned_.insert(reference);
  } else {
    names_[reference] = name;
  }
}

}  // namespace crm::ctl
