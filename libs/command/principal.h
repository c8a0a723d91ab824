// Who makes a call, and what that lets them do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/uuid.h"

namespace crm {

enum class Scope { kOwn, kDepartment, kAll };

// "sales people may {get, list, update} a {lead} in their {department} while {state = NEW}".
struct Grant {
  // Object of the entity options ("lead"), or "*".
  std::string object;
  // Standard or custom verb in snake case ("get", "convert"), or "*".
  std::string action;
  Scope scope = Scope::kOwn;
  // AIP-160 condition on the record, or empty.
  std::string condition;
  bool operator==(const Grant&) const = default;
};

// The authenticated caller of one call. A value; made by libs/auth from a token, or by the kernel
// for its own calls.
struct Principal {
  Uuid tenant;
  // "users/{id}", "apiKeys/{id}" or "system/{service}".
  std::string name;
  // Departments whose records scope kDepartment covers.
  std::vector<std::string> departments;
  std::vector<Grant> grants;

  bool authenticated() const { return !name.empty(); }
  // Whether some grant covers `action` on `object`, whatever its scope.
  bool Allows(std::string_view object, std::string_view action) const;

  // The service acting on its own behalf in one tenant: consumers, timers, jobs. May do everything.
  static Principal System(const Uuid& tenant, std::string_view service);
};

}  // namespace crm
