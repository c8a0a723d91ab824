// libpq's objects with owners. Only for the .cpp files and inner headers of libs/pg.
#pragma once

#include <libpq-fe.h>

#include <memory>

namespace crm::pg {

struct PqDeleter {
  void operator()(PGconn* conn) const { PQfinish(conn); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

using ConnPtr = std::unique_ptr<PGconn, PqDeleter>;
using ResultPtr = std::unique_ptr<PGresult, PqDeleter>;
using CancelPtr = std::unique_ptr<PGcancel, PqDeleter>;
using ConninfoPtr = std::unique_ptr<PQconninfoOption, PqDeleter>;

}  // namespace crm::pg
