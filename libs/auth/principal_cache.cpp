#include "libs/auth/principal_cache.h"

#include "libs/base/sha256.h"

namespace crm::auth {

std::optional<PrincipalCache::Entry> PrincipalCache::Find(std::string_view credential) const {
  std::string key = Sha256(credential);
  std::lock_guard lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

void PrincipalCache::Put(std::string_view credential, Entry entry, Time now) {
  std::string key = Sha256(credential);
  std::lock_guard lock(mutex_);
  if (entries_.size() >= limit_) {
    std::erase_if(entries_, [now](const auto& each) { return each.second.fresh_until < now; });
  }
  if (entries_.size() >= limit_) entries_.erase(entries_.begin());
  entries_.insert_or_assign(std::move(key), std::move(entry));
}

}  // namespace crm::auth
