#include "libs/pg/database.h"

#include <mutex>

#include "libs/pg/pool.h"
#include "libs/pg/session.h"
#include "libs/pg/sqlstate.h"

namespace crm::pg {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kPingPatience{1};

Status CheckOptions(const DatabaseOptions& options) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
  if (options.schema.empty() || options.schema.find_first_not_of(kLetters) != std::string::npos) {
    return InvalidField("schema", "A schema's name has lower-case letters, digits and _ only.");
  }
  if (options.pool_size == 0) return InvalidField("pool_size", "A pool needs a connection.");
  return Status::Ok();
}

// A connection that nobody waits for but the health check, so that a busy pool is not taken for a
// dead server.
class Pulse {
 public:
  explicit Pulse(DatabaseOptions options) : options_(std::move(options)) {}

  Status Ping() {
    const auto deadline = steady_clock::now() + kPingPatience;
    // Whoever holds it gives up before our own deadline.
    std::lock_guard lock(mutex_);
    if (!connection_ || connection_->Stale()) {
      connection_.reset();
      auto fresh = Connection::Connect(options_, deadline);
      if (!fresh.ok()) return fresh.status();
      connection_ = std::move(*fresh);
    }
    const Statement probe{"SELECT 1", {}};
    auto answer = connection_->Run({.statements = {&probe, 1}}, {.stop = {}, .deadline = deadline});
    if (connection_->broken()) connection_.reset();
    return answer.status();
  }

 private:
  const DatabaseOptions options_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;  // GUARDED_BY(mutex_)
};

class PooledDatabase final : public Database {
 public:
  explicit PooledDatabase(const DatabaseOptions& options)
      : options_(options), pool_(options), pulse_(options) {}

  Result<Rows> Read(std::span<const Uuid> tenants, const Statement& statement,
                    std::stop_token stop) override {
    const Statement both[] = {SetTenants(tenants), statement};
    return RunLast(both, stop);
  }

  Result<Rows> Read(const Statement& statement, std::stop_token stop) override {
    return RunLast({&statement, 1}, stop);
  }

  Result<std::unique_ptr<Session>> OpenSession() override { return pg::OpenSession(options_); }

  Result<XactState> XactStatus(std::string_view xid) override {
    const Statement ask{"SELECT pg_xact_status($1::text::xid8)", {Value(std::string(xid))}};
    auto rows = Read(ask, {});
    // An id that the server has not given out yet: it was promoted without that transaction.
    constexpr const char* kInvalidParameterValue = "22023";
    if (!rows.ok() && rows.status().metadata().contains("sqlstate") &&
        rows.status().metadata().at("sqlstate") == kInvalidParameterValue) {
      return XactState::kUnknown;
    }
    if (!rows.ok()) return rows.status();
    if (rows->IsNull(0, 0)) return XactState::kUnknown;
    const std::string_view state = rows->GetBytes(0, 0);
    if (state == "committed") return XactState::kCommitted;
    return state == "aborted" ? XactState::kAborted : XactState::kInProgress;
  }

  Status Ping() override { return pulse_.Ping(); }

 private:
  // One round trip; the statements are one transaction because only their end has a Sync.
  Result<Rows> RunLast(std::span<const Statement> statements, const std::stop_token& stop) {
    for (bool again = true;; again = false) {
      auto lease = pool_.Take(stop);
      if (!lease.ok()) return lease.status();
      auto rows = (*lease)->Run({.statements = statements}, {.stop = stop, .deadline = {}});
      if (rows.ok()) return std::move(rows->back());
      // A migration changed a table's shape under a prepared statement: nothing has run, and it is
      // prepared anew.
      if (!again || rows.status().reason() != "PG_PLAN_CHANGED") return rows.status();
    }
  }

  const DatabaseOptions options_;
  Pool pool_;
  Pulse pulse_;
};

}  // namespace

Statement SetTenants(std::span<const Uuid> tenants) {
  std::string list;
  for (const Uuid& tenant : tenants) {
    if (!list.empty()) list += ',';
    list += tenant.ToString();
  }
  return {"SELECT set_config('crm.tenants', $1::text, true)", {Value(std::move(list))}};
}

Result<std::unique_ptr<Database>> Database::Open(DatabaseOptions options) {
  if (Status status = CheckOptions(options); !status.ok()) return status;
  auto database = std::make_unique<PooledDatabase>(options);
  if (auto rows = database->Read({"SELECT 1", {}}, {}); !rows.ok()) return rows.status();
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace crm::pg
