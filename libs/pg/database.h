// PostgreSQL behind an interface of ours; the only folder that includes libpq or libpqxx (the latter in migrator.cpp).
//
// A Database is one schema reached as one role. Reads go through a bounded pool; each is one round trip (the tenant setting
// for row-level security, then the statement, then one Sync, in libpq's pipeline mode), so nothing is left set on a
// connection that goes back to the pool. Writes go through a Session that its owner keeps (the committer).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"

namespace crm::pg {

// A statement parameter. Vectors are PostgreSQL arrays. All travel in binary. `Null` is a typed null by the statement's cast.
struct Null {
  bool operator==(const Null&) const = default;
};
struct Bytes {  // bytea; std::string is text
  std::string value;
  bool operator==(const Bytes&) const = default;
};
using Value = std::variant<Null, bool, int64_t, double, std::string, Bytes, Uuid, Time>;
using Array = std::variant<std::vector<std::optional<bool>>, std::vector<std::optional<int64_t>>,
                           std::vector<std::optional<std::string>>, std::vector<std::optional<Bytes>>,
                           std::vector<std::optional<Uuid>>, std::vector<std::optional<Time>>>;
using Param = std::variant<Value, Array>;

// The rows of one statement. Owns its bytes; views returned by it live as long as it does. Results are in binary.
class Rows {
 public:
  struct Rep;
  explicit Rows(std::shared_ptr<const Rep> rep = nullptr) : rep_(std::move(rep)) {}
  size_t size() const;
  bool IsNull(size_t row, size_t column) const;
  bool GetBool(size_t row, size_t column) const;
  // smallint, integer or bigint.
  int64_t GetInt(size_t row, size_t column) const;
  double GetDouble(size_t row, size_t column) const;
  // text or bytea, as it is.
  std::string_view GetBytes(size_t row, size_t column) const;
  std::string GetString(size_t row, size_t column) const;
  Uuid GetUuid(size_t row, size_t column) const;
  Time GetTime(size_t row, size_t column) const;
  // Rows that an INSERT, UPDATE or DELETE touched.
  int64_t affected() const;

 private:
  std::shared_ptr<const Rep> rep_;
};

struct Statement {
  std::string sql;  // with $1, $2, ... each cast: $1::uuid
  std::vector<Param> params;
};

struct DatabaseOptions {
  // libpq connection string without the password where `password_file` is set.
  std::string dsn;
  std::string password_file;
  // Set as search_path on every connection.
  std::string schema;
  size_t pool_size = 8;
  // How long a read waits for a free connection before RESOURCE_EXHAUSTED.
  std::chrono::milliseconds pool_wait = std::chrono::seconds(2);
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
};

// One connection with a transaction under the owner's control. Not thread-safe.
class Session {
 public:
  virtual ~Session() = default;
  // Sends all statements in pipeline mode with one flush and no Sync before the end, and returns their rows in order. Statements
  // are prepared once per connection, by text. After an error the session is unusable until Rollback(); the Status has
  // metadata "sqlstate" and "statement" (index). A lost connection is UNAVAILABLE with reason PG_CONNECTION_LOST.
  virtual Result<std::vector<Rows>> Run(std::span<const Statement> statements) = 0;
  // Explicit transaction borders, sent along with the statements they belong to: RunBegin = BEGIN + statements (flush, no
  // Sync), RunCommit = statements + COMMIT + Sync. So a group is two round trips.
  virtual Result<std::vector<Rows>> RunBegin(std::span<const Statement> statements) = 0;
  virtual Result<std::vector<Rows>> RunCommit(std::span<const Statement> statements) = 0;
  // Ends whatever is open; reconnects if the connection was lost. OK: the session is usable again.
  virtual Status Rollback() = 0;
};

// Thread-safe.
class Database {
 public:
  static Result<std::unique_ptr<Database>> Open(DatabaseOptions options);
  virtual ~Database() = default;

  // One read statement with row-level security set to one tenant (setting crm.tenants). `stop` cancels the statement on the server
  // and returns CANCELLED; the connection goes back to the pool only after the cancel has returned.
  virtual Result<Rows> Read(const Uuid& tenant, const Statement& statement,
                            std::stop_token stop = {}) = 0;
  // Without a tenant: for roles that see all tenants (relay, timers) and for checks.
  virtual Result<Rows> Read(const Statement& statement, std::stop_token stop = {}) = 0;
  // A connection of one's own, outside the pool.
  virtual Result<std::unique_ptr<Session>> OpenSession() = 0;
  // OK where a connection answers "SELECT 1" within a second; for health.
  virtual Status Ping() = 0;
};

}  // namespace crm::pg
