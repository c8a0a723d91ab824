#include "libs/pg/connection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "libs/pg/connect.h"
#include "libs/pg/rows.h"
#include "libs/pg/sqlstate.h"

namespace crm::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kPreparedLimit = 500;
constexpr milliseconds kFirstCancelPause{20};
constexpr milliseconds kLongestCancelPause{500};
constexpr milliseconds kCancelGrace{5000};

Status Cancelled() {
  return StatusOf("57014", "The call was cancelled before its statement began.")
      .With("sqlstate", "");
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::Connect(const DatabaseOptions& options,
                                                        Deadline deadline) {
  const SteadyTime patience = steady_clock::now() + options.connect_timeout;
  auto conn = OpenConn(options, deadline ? std::min(*deadline, patience) : patience);
  if (!conn.ok()) return conn.status();
  const int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd < 0) return ConnectionLost("The process has no file descriptors left.");
  return std::unique_ptr<Connection>(new Connection(std::move(*conn), wake_fd));
}

Connection::Connection(ConnPtr conn, int wake_fd)
    : conn_(std::move(conn)),
      cancel_(PQgetCancel(conn_.get())),
      wake_fd_(wake_fd),
      cache_(kPreparedLimit) {
  PQsetNoticeReceiver(conn_.get(), &Connection::OnNotice, this);
  broken_ = PQsetnonblocking(conn_.get(), 1) != 0 || PQenterPipelineMode(conn_.get()) != 1;
}

Connection::~Connection() {
  close(wake_fd_);
}

Result<std::vector<Rows>> Connection::Run(const Batch& batch, const Patience& patience) {
  if (broken_) return ConnectionLost("The connection to PostgreSQL is lost.");
  if (patience.stop.stop_requested()) return Cancelled();
  eventfd_t ignored;
  while (eventfd_read(wake_fd_, &ignored) == 0) {
  }
  std::stop_callback wake(patience.stop, [fd = wake_fd_] { eventfd_write(fd, 1); });
  unreplicated_ = false;
  if (Status status = Send(batch); !status.ok()) return status;
  if (batch.meanwhile != nullptr) {
    PQflush(conn_.get());  // what is left, or an error, is Receive's
    (*batch.meanwhile)();
  }
  Outcome outcome = Receive(patience);
  if (cancelling_) AwaitCancelled();
  if (!outcome.error.ok()) return outcome.error;
  if (unreplicated_) {
    return Status(Code::kUnknown, "PG_COMMIT_NOT_REPLICATED",
                  "The transaction is committed here, but the standby has not confirmed it.");
  }
  return std::move(outcome.rows);
}

bool Connection::Stale() {
  pollfd socket{PQsocket(conn_.get()), POLLIN, 0};
  while (!broken_ && poll(&socket, 1, 0) > 0) {
    // Notices and changed settings are read here too; only the end of the stream makes this fail.
    broken_ = PQconsumeInput(conn_.get()) == 0 || PQstatus(conn_.get()) == CONNECTION_BAD;
    PQisBusy(conn_.get());
  }
  return broken_;
}

// Everything is prepared and encoded before the first byte is queued, so a bad parameter leaves
// nothing half sent.
Status Connection::Send(const Batch& batch) {
  const std::vector<std::string> evicted = cache_.Evict();
  std::vector<Prepared*> prepared;
  std::deque<EncodedParams> params;
  for (const Statement& statement : batch.statements) {
    auto entry = cache_.Find(statement.sql);
    if (!entry.ok()) return entry.status();
    prepared.push_back(*entry);
    params.emplace_back();
    if (Status status = params.back().Encode(statement.params, prepared.back()->types);
        !status.ok()) {
      return status.With("statement", std::to_string(prepared.size() - 1));
    }
  }
  bool sent = true;
  if (batch.rollback) sent = SendSync() && SendCommand(Kind::kCommand, "ROLLBACK");
  for (const std::string& name : evicted) {
    sent = sent && SendCommand(Kind::kCommand, "DEALLOCATE " + name);
  }
  if (batch.begin) sent = sent && SendCommand(Kind::kCommand, "BEGIN");
  for (size_t i = 0; sent && i < prepared.size(); ++i) {
    sent = SendStatement(i, *prepared[i], params[i]);
    params[i].Clear();
  }
  if (batch.commit) sent = sent && SendCommand(Kind::kCommit, "COMMIT");
  sent = sent && (batch.sync ? SendSync() : PQsendFlushRequest(conn_.get()) == 1);
  if (sent) return Status::Ok();
  broken_ = true;
  return ConnectionLost(PQerrorMessage(conn_.get()));
}

bool Connection::SendStatement(size_t index, Prepared& prepared, const EncodedParams& params) {
  if (!prepared.sent) {
    std::vector<Oid> types;
    for (const ParamType& type : prepared.types) types.push_back(OidOf(type));
    if (PQsendPrepare(conn_.get(), prepared.name.c_str(), prepared.sql.c_str(),
                      static_cast<int>(types.size()), types.data()) != 1) {
      return false;
    }
    prepared.sent = true;
    expected_.push_back({Kind::kPrepare, index, prepared.name});
  }
  expected_.push_back({Kind::kStatement, index, prepared.name});
  return PQsendQueryPrepared(conn_.get(), prepared.name.c_str(), params.count(), params.values(),
                             params.lengths(), params.formats(), /*resultFormat=*/1) == 1;
}

bool Connection::SendCommand(Kind kind, const std::string& sql) {
  expected_.push_back({kind, 0, ""});
  return PQsendQueryParams(conn_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1) == 1;
}

bool Connection::SendSync() {
  expected_.push_back({Kind::kSync, 0, ""});
  return PQpipelineSync(conn_.get()) == 1;
}

Connection::Outcome Connection::Receive(const Patience& patience) {
  Outcome outcome;
  while (!expected_.empty() && !broken_) {
    const Expected expected = std::move(expected_.front());
    expected_.pop_front();
    ResultPtr result = Next(patience);
    if (result == nullptr) {
      broken_ = true;
      Fail(outcome, ConnectionLost("PostgreSQL did not answer in time."));
    } else if (expected.kind != Kind::kSync) {
      Take(expected, std::move(result), outcome);
      if (!broken_ && Next(patience) != nullptr) broken_ = true;  // NULL ends each statement
    } else if (PQresultStatus(result.get()) != PGRES_PIPELINE_SYNC) {
      broken_ = true;
      Fail(outcome, StatusOf(result.get()));
    }
  }
  expected_.clear();
  if (broken_) Fail(outcome, ConnectionLost("The connection to PostgreSQL was lost."));
  return outcome;
}

void Connection::Take(const Expected& expected, ResultPtr result, Outcome& outcome) {
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
    TakeRows(expected, std::move(result), outcome);
    return;
  }
  if (expected.kind == Kind::kPrepare) cache_.Drop(expected.name);
  if (status == PGRES_PIPELINE_ABORTED) return;
  Status error = StatusOf(result.get());
  if (PQstatus(conn_.get()) == CONNECTION_BAD) {
    broken_ = true;
    error = ConnectionLost(error.message());
  } else if (EndsConnection(error.metadata().at("sqlstate"))) {
    broken_ = true;
  } else if (error.reason() == "PG_PLAN_CHANGED") {
    cache_.Drop(expected.name);
  }
  if (expected.kind == Kind::kPrepare || expected.kind == Kind::kStatement) {
    error.With("statement", std::to_string(expected.statement));
  }
  Fail(outcome, std::move(error));
}

void Connection::TakeRows(const Expected& expected, ResultPtr result, Outcome& outcome) {
  // COMMIT of a transaction that has failed answers, without an error, that it rolled back.
  if (expected.kind == Kind::kCommit && std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
    Fail(outcome, Status(Code::kAborted, "PG_ROLLED_BACK", "The transaction was rolled back."));
  }
  if (expected.kind != Kind::kStatement) return;
  auto rows = MakeRows(std::move(result));
  if (rows.ok()) {
    outcome.rows.push_back(std::move(*rows));
  } else {
    Fail(outcome, rows.status().With("statement", std::to_string(expected.statement)));
  }
}

void Connection::Fail(Outcome& outcome, Status error) {
  if (outcome.error.ok()) outcome.error = std::move(error);
}

ResultPtr Connection::Next(const Patience& patience) {
  if (!AwaitInput(patience)) return nullptr;
  return ResultPtr(PQgetResult(conn_.get()));
}

// True: PQgetResult has something to say, be it an error. False: patience is at its end.
bool Connection::AwaitInput(const Patience& patience) {
  while (PQisBusy(conn_.get()) != 0) {
    const int unsent = PQflush(conn_.get());
    if (unsent < 0 || PQstatus(conn_.get()) == CONNECTION_BAD) return true;
    const short events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
    std::array<pollfd, 2> fds = {pollfd{PQsocket(conn_.get()), events, 0},
                                 pollfd{cancelling_ ? -1 : wake_fd_, POLLIN, 0}};
    poll(fds.data(), fds.size(), PollTimeout(patience));
    if ((fds[0].revents & ~POLLOUT) != 0 && PQconsumeInput(conn_.get()) == 0) return true;
    const SteadyTime now = steady_clock::now();
    if (patience.deadline && now >= *patience.deadline) return false;
    if (cancelling_ && now >= cancelling_->give_up) return false;
    if (patience.stop.stop_requested() && (!cancelling_ || now >= cancelling_->next)) Cancel();
  }
  return true;
}

int Connection::PollTimeout(const Patience& patience) const {
  Deadline until = patience.deadline;
  if (cancelling_) until = until ? std::min(*until, cancelling_->next) : cancelling_->next;
  if (!until) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*until - steady_clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

// In the thread that waits for the statement, so it is over before the connection can serve anybody
// else. The server ignores a cancel that comes between two messages of a pipeline, hence the
// repetition.
void Connection::Cancel() {
  std::array<char, 256> error{};
  PQcancel(cancel_.get(), error.data(), static_cast<int>(error.size()));
  const SteadyTime now = steady_clock::now();
  if (!cancelling_) {
    cancelling_ = {now + kFirstCancelPause, kFirstCancelPause, now + kCancelGrace};
    return;
  }
  cancelling_->pause = std::min(cancelling_->pause * 2, kLongestCancelPause);
  cancelling_->next = now + cancelling_->pause;
}

// PQcancel returns when the signal is sent, not when it has arrived. One statement more takes the
// blow if it is still under way.
void Connection::AwaitCancelled() {
  const Patience brief{{}, cancelling_->give_up + kCancelGrace};
  cancelling_.reset();
  if (broken_) return;
  if (!SendCommand(Kind::kCommand, "SELECT 1") || !SendSync()) {
    broken_ = true;
    return;
  }
  const Outcome outcome = Receive(brief);
  if (!outcome.error.ok() && outcome.error.code() != Code::kCancelled) broken_ = true;
}

void Connection::OnNotice(void* self, const PGresult* notice) {
  auto* connection = static_cast<Connection*>(self);
  const auto field = [&](int code) {
    const char* text = PQresultErrorField(notice, code);
    return std::string_view(text == nullptr ? "" : text);
  };
  // By the function that speaks, since the text depends on the server's language.
  if (field(PG_DIAG_SOURCE_FUNCTION) == "SyncRepWaitForLSN") connection->unreplicated_ = true;
  // The last words of a server that ends an idle connection come as a notice.
  if (EndsConnection(field(PG_DIAG_SQLSTATE))) connection->broken_ = true;
}

}  // namespace crm::pg
