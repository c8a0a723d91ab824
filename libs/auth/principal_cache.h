// PrincipalCache: whom a credential stands for, for a short while, so that not every call verifies
// a signature or asks identity. Keyed by the credential's SHA-256: no credential stays in memory.
// Private to libs/auth.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/command/principal.h"

namespace crm::auth {

// Thread-safe.
class PrincipalCache {
 public:
  struct Entry {
    // Of whom; or why not.
    Result<Principal> principal;
    // Until when it is used without looking again.
    Time fresh_until{};
    // Until when it may be used where looking again fails because nobody answers.
    Time usable_until{};
  };

  explicit PrincipalCache(size_t limit = 10'000) : limit_(limit) {}

  std::optional<Entry> Find(std::string_view credential) const;
  // Makes room by forgetting what is not fresh at `now` or, where all is, anything.
  void Put(std::string_view credential, Entry entry, Time now);

 private:
  const size_t limit_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // GUARDED_BY(mutex_)
};

}  // namespace crm::auth
