// PostgreSQL behind an interface of ours; the only folder that includes libpq or libpqxx (the
// latter in migrator.cpp).
//
// A Database is one schema reached as one role. Reads go through a bounded pool; each is one round
// trip (the tenant setting for row-level security, then the statement, then one Sync, in libpq's
// pipeline mode), so nothing is left set on a connection that goes back to the pool. Writes go
// through a Session that its owner keeps (the committer).
#pragma once

#include <chrono>
#include <functional>
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

// A statement parameter. Vectors are PostgreSQL arrays. All travel in binary; the statement's cast
// decides the type:
//   bool ::bool; int64_t ::bigint, ::int, ::smallint (range checked); double ::float8; std::string
//   ::text, ::varchar, ::json,
//   ::jsonb; Bytes ::bytea; Uuid ::uuid; Time ::timestamptz (Time::min() and max() are the
//   infinities); arrays likewise.
// For any other type cast twice: $1::text::date. `Null` is a typed null by the statement's cast.
struct Null {
  bool operator==(const Null&) const = default;
};
struct Bytes {  // bytea; std::string is text
  std::string value;
  bool operator==(const Bytes&) const = default;
};
using Value = std::variant<Null, bool, int64_t, double, std::string, Bytes, Uuid, Time>;
using Array =
    std::variant<std::vector<std::optional<bool>>, std::vector<std::optional<int64_t>>,
                 std::vector<std::optional<std::string>>, std::vector<std::optional<Bytes>>,
                 std::vector<std::optional<Uuid>>, std::vector<std::optional<Time>>>;
using Param = std::variant<Value, Array>;

// The rows of one statement. A value: copies share the bytes; views live as long as any copy does.
// Results are in binary. A Get of a null, of a cell outside of the result or of a column of another
// type ends the process with a message that says which.
class Rows {
 public:
  struct Rep;
  explicit Rows(std::shared_ptr<const Rep> rep = nullptr) : rep_(std::move(rep)) {}
  size_t size() const;
  bool IsNull(size_t row, size_t column) const;
  bool GetBool(size_t row, size_t column) const;
  // smallint, integer, bigint or oid; also numeric, as sum(bigint) returns it (one that is no
  // integer of 64 bits has made the statement fail with OUT_OF_RANGE).
  int64_t GetInt(size_t row, size_t column) const;
  double GetDouble(size_t row, size_t column) const;
  // text, varchar, name, json, jsonb or bytea, as it is.
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
  std::string sql;  // with $1, $2, ... each cast where it first stands: $1::uuid
  std::vector<Param> params;
};

// SELECT set_config('crm.tenants', ..., true): row-level security lets the rest of the transaction
// see these tenants' rows.
Statement SetTenants(std::span<const Uuid> tenants);

// How a transaction ended. Unknown: the server no longer, or after a failover not yet, knows the
// id.
enum class XactState { kInProgress, kCommitted, kAborted, kUnknown };

struct DatabaseOptions {
  // libpq connection string without the password where `password_file` is set.
  std::string dsn = {};
  std::string password_file = {};
  // Set as search_path on every connection.
  std::string schema = {};
  // More settings of every connection: "-c name=value ...".
  std::string settings = {};
  size_t pool_size = 8;
  // How long a read waits for a free connection before RESOURCE_EXHAUSTED.
  std::chrono::milliseconds pool_wait = std::chrono::seconds(2);
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
};

// One connection with a transaction under the owner's control. Not thread-safe.
//
// Failures: the Status has metadata "sqlstate" and, where one statement failed, "statement" (its
// index). ABORTED with reason PG_DEADLOCK, PG_SERIALIZATION, PG_LOCK_TIMEOUT or PG_PLAN_CHANGED may
// succeed when run again from the start. A lost connection is UNAVAILABLE with reason
// PG_CONNECTION_LOST; where that happens in RunCommit, the transaction may have committed: take its
// id with `SELECT pg_current_xact_id()::text` inside and ask Database::XactStatus. After any
// failure the session is unusable until Rollback().
class Session {
 public:
  virtual ~Session() = default;
  // Sends all statements in pipeline mode with one flush and one Sync at the end, and returns their
  // rows in order. Outside of a transaction they are one of their own. Statements are prepared once
  // per connection, by text.
  virtual Result<std::vector<Rows>> Run(std::span<const Statement> statements) = 0;
  // Explicit transaction borders, sent along with the statements they belong to: RunBegin = BEGIN +
  // statements (flush, no Sync), RunCommit = statements + COMMIT + Sync. So a group is two round
  // trips. UNKNOWN with reason PG_COMMIT_NOT_REPLICATED: committed, but the wait for the standby
  // was cut short.
  // `meanwhile` runs on the caller's thread when all has been sent, while the server works; not
  // where the sending fails.
  virtual Result<std::vector<Rows>> RunBegin(std::span<const Statement> statements,
                                             const std::function<void()>& meanwhile = {}) = 0;
  virtual Result<std::vector<Rows>> RunCommit(std::span<const Statement> statements) = 0;
  // Ends whatever is open; reconnects if the connection was lost. OK: the session is usable again.
  virtual Status Rollback() = 0;
};

// Thread-safe.
class Database {
 public:
  // Makes the first connection, so that a wrong dsn is found here.
  static Result<std::unique_ptr<Database>> Open(DatabaseOptions options);
  virtual ~Database() = default;

  // One read statement with row-level security set to these tenants (setting crm.tenants). `stop`
  // cancels the statement on the server and returns CANCELLED with reason PG_CANCELLED; the
  // connection goes back to the pool only after the cancel has returned, so that it cannot hit the
  // next user. RESOURCE_EXHAUSTED with reason PG_POOL_EXHAUSTED: no connection within pool_wait.
  // UNAVAILABLE with reason PG_CONNECTION_LOST: at once, with a retry hint, while the server cannot
  // be reached.
  virtual Result<Rows> Read(std::span<const Uuid> tenants, const Statement& statement,
                            std::stop_token stop) = 0;
  Result<Rows> Read(const Uuid& tenant, const Statement& statement, std::stop_token stop = {}) {
    return Read(std::span(&tenant, 1), statement, std::move(stop));
  }
  // Without a tenant: for roles that see all tenants (relay, timers) and for checks.
  virtual Result<Rows> Read(const Statement& statement, std::stop_token stop = {}) = 0;
  // A connection of one's own, outside the pool, for statements that find their rows by keys: a
  // plan never scans a table in sequence, and stays until PostgreSQL analyses one of its tables.
  virtual Result<std::unique_ptr<Session>> OpenSession() = 0;
  // Of the id that `SELECT pg_current_xact_id()::text` gave. Trust kCommitted only together with a
  // look at what the transaction wrote: a server that crashed gives ids again that it had handed
  // out but not yet written down, and so does a standby that was promoted.
  virtual Result<XactState> XactStatus(std::string_view xid) = 0;
  // OK where the server answers on a connection of its own within a second; for health.
  virtual Status Ping() = 0;
};

}  // namespace crm::pg
