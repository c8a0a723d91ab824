#include "libs/pg/password.h"

#include "libs/pg/pq.h"
#include "libs/pg/sqlstate.h"

namespace crm::pg {

Result<std::string> PasswordVerifier(const std::string& owner_dsn, const std::string& role,
                                     const std::string& password) {
  const ConnPtr conn(PQconnectdb(owner_dsn.c_str()));
  if (PQstatus(conn.get()) != CONNECTION_OK) return ConnectionLost(PQerrorMessage(conn.get()));
  const std::unique_ptr<char, decltype(&PQfreemem)> verifier(
      PQencryptPasswordConn(conn.get(), password.c_str(), role.c_str(), "scram-sha-256"),
      &PQfreemem);
  if (verifier == nullptr) return Internal(PQerrorMessage(conn.get()));
  return std::string(verifier.get());
}

}  // namespace crm::pg
