// PostgreSQL's errors as Status.
#pragma once

#include <string_view>

#include "libs/base/status.h"
#include "libs/pg/pq.h"

namespace crm::pg {

// Every Status made here has metadata "sqlstate" ("" where the server did not speak) and, where the
// server names one, "constraint". Reasons: PG_CONNECTION_LOST, PG_DEADLOCK, PG_SERIALIZATION,
// PG_LOCK_TIMEOUT, PG_CANCELLED, PG_UNIQUE, PG_CONSTRAINT, PG_PERMISSION_DENIED, PG_INVALID_VALUE,
// PG_PLAN_CHANGED, PG_READ_ONLY, PG_OUT_OF_RESOURCES, PG_ERROR.
Status StatusOf(std::string_view sqlstate, std::string message);
Status StatusOf(const PGresult* result);
Status ConnectionLost(std::string message);

// The server ends the connection after this error.
bool EndsConnection(std::string_view sqlstate);

}  // namespace crm::pg
