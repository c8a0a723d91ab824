// The Session over one Connection.
#pragma once

#include <memory>

#include "libs/pg/connection.h"

namespace crm::pg {

Result<std::unique_ptr<Session>> OpenSession(DatabaseOptions options);

}  // namespace crm::pg
