// How tenants are named: by an id that follows from the company's short name, so that a log-in
// finds its tenant without an index over all of them.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/uuid.h"

namespace crm::identity {

// "Window Shop Ltd." -> "window-shop-ltd": ASCII letters in lower case and digits, other ASCII as
// single dashes; other scripts stay.
std::string ShortName(std::string_view display_name);
// Of a short name, "tenants/{uuid}" or a bare uuid.
Uuid TenantIdOf(std::string_view tenant);

}  // namespace crm::identity
