// The first tenant of an installation: the company, a department, the standard roles, an
// administrator and two API keys, in one commit.
#pragma once

#include <string>

#include "libs/command/call.h"
#include "services/identity/secrets.h"

namespace crm::identity {

struct NewTenant {
  std::string display_name;
  // The administrator's.
  std::string email, user_name, password;
};

struct BootstrappedTenant {
  // For log-ins.
  std::string short_name;
  // "tenants/{uuid}"
  std::string name;
  // Keys, shown this once: one that may do everything and one that may only hand in leads.
  std::string admin_key, form_key;
};

// In a call of the tenant that NewTenant's name stands for (TenantIdOf). ALREADY_EXISTS
// (TENANT_EXISTS) where it is there: a second run changes nothing. INVALID_FIELD, PASSWORD_UNFIT.
Result<BootstrappedTenant> BootstrapTenant(Call& call, const NewTenant& tenant,
                                           const auth::ApiKeyHasher& hasher);

}  // namespace crm::identity
