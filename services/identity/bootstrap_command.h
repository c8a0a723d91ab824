// The command `bootstrap` of crm-identity and crm-all.
#pragma once

#include "libs/runtime/app.h"

namespace crm::identity {

// Makes the tenant of the configuration's `bootstrap` in the migrated schema, whether the service
// runs or not, and prints shell assignments: CRM_TENANT, CRM_ADMIN_EMAIL, CRM_ADMIN_PASSWORD (where
// it was made up), CRM_KEY, CRM_FORM_KEY.
runtime::Command BootstrapCommand();

}  // namespace crm::identity
