// Passwords that leave this process only as a hash.
#pragma once

#include <string>

#include "libs/base/status.h"

namespace crm::pg {

// What the server would store for this password (SCRAM-SHA-256), for ALTER ROLE ... PASSWORD.
Result<std::string> PasswordVerifier(const std::string& owner_dsn, const std::string& role,
                                     const std::string& password);

}  // namespace crm::pg
