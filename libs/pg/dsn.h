// Connection strings, without showing libpq.
#pragma once

#include <string>

#include "libs/base/status.h"

namespace crm::pg {

// The same server and database, reached as another role: takes both forms of a libpq connection
// string ("host=... port=..." and "postgresql://...") and returns the first. An empty password
// means none. INVALID_ARGUMENT where `dsn` is neither.
Result<std::string> DsnForRole(const std::string& dsn, const std::string& role,
                               const std::string& password);

}  // namespace crm::pg
