// Opening a libpq connection within a given time.
#pragma once

#include <chrono>

#include "libs/pg/database.h"
#include "libs/pg/pq.h"

namespace crm::pg {

// A connection with the options' schema as search_path. UNAVAILABLE with reason PG_CONNECTION_LOST
// where that fails or takes longer than until `deadline`. The password file is read each time, so a
// new password needs no restart.
Result<ConnPtr> OpenConn(const DatabaseOptions& options,
                         std::chrono::steady_clock::time_point deadline);

}  // namespace crm::pg
