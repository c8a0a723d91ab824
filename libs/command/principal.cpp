#include "libs/command/principal.h"

namespace crm {

bool Principal::Allows(std::string_view object, std::string_view action) const {
  for (const Grant& grant : grants) {
    if ((grant.object == "*" || grant.object == object) &&
        (grant.action == "*" || grant.action == action)) {
      return true;
    }
  }
  return false;
}

Principal Principal::System(const Uuid& tenant, std::string_view service) {
  return {tenant, "system/" + std::string(service), {}, {{"*", "*", Scope::kAll, ""}}};
}

}  // namespace crm
