#include "libs/pg/session.h"

#include "libs/pg/sqlstate.h"

namespace crm::pg {
namespace {

class PipelineSession final : public Session {
 public:
  PipelineSession(DatabaseOptions options, std::unique_ptr<Connection> connection)
      : options_(std::move(options)), connection_(std::move(connection)) {}

  Result<std::vector<Rows>> Run(std::span<const Statement> statements) override {
    return Send({.statements = statements}, state_);
  }

  Result<std::vector<Rows>> RunBegin(std::span<const Statement> statements,
                                     const std::function<void()>& meanwhile) override {
    if (state_ == State::kOpen) {
      return Misuse("RunBegin was called inside a transaction.");
    }
    return Send({.statements = statements,
                 .begin = true,
                 .sync = false,
                 .meanwhile = meanwhile ? &meanwhile : nullptr},
                State::kOpen);
  }

  Result<std::vector<Rows>> RunCommit(std::span<const Statement> statements) override {
    if (state_ == State::kIdle) return Misuse("RunCommit was called outside of a transaction.");
    return Send({.statements = statements, .commit = true}, State::kIdle);
  }

  Status Rollback() override {
    if (state_ == State::kIdle && !connection_->Stale()) return Status::Ok();
    state_ = State::kFailed;
    if (!connection_->broken() && connection_->Run({.rollback = true}).ok()) {
      state_ = State::kIdle;
      return Status::Ok();
    }
    auto fresh = Connection::Connect(options_, std::nullopt);
    if (!fresh.ok()) return fresh.status();
    connection_ = std::move(*fresh);
    state_ = State::kIdle;
    return Status::Ok();
  }

 private:
  enum class State { kIdle, kOpen, kFailed };

  Result<std::vector<Rows>> Send(const Batch& batch, State after) {
    if (state_ == State::kFailed) return Misuse("The session has failed; call Rollback first.");
    auto rows = connection_->Run(batch);
    state_ = rows.ok() ? after : State::kFailed;
    return rows;
  }

  static Status Misuse(std::string message) {
    return Status(Code::kInternal, "PG_SESSION_STATE", std::move(message));
  }

  const DatabaseOptions options_;
  std::unique_ptr<Connection> connection_;
  State state_ = State::kIdle;
};

}  // namespace

Result<std::unique_ptr<Session>> OpenSession(DatabaseOptions options) {
  options.settings += " -c plan_cache_mode=force_generic_plan";
  // Search indexes are put in order beside the session (PgStore::TidySearch), several times a
  // second; its own turn, for which a whole group waits, only comes where that does not keep up.
  options.settings += " -c gin_pending_list_limit=16MB";
  auto connection = Connection::Connect(options, std::nullopt);
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<Session>(
      std::make_unique<PipelineSession>(std::move(options), std::move(*connection)));
}

}  // namespace crm::pg
