// One libpq connection, always in pipeline mode and never blocking inside libpq, so that neither a
// large pipeline nor a silent server can hang it: all waiting is one poll() here.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "libs/pg/database.h"
#include "libs/pg/encode.h"
#include "libs/pg/pq.h"
#include "libs/pg/statement_cache.h"

namespace crm::pg {

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

// What ends a wait early.
struct Patience {
  std::stop_token stop;  // the statement is cancelled on the server, the connection stays good
  Deadline deadline;     // the connection is given up
};

// What one flush carries: [BEGIN or Sync, ROLLBACK], the statements, [COMMIT], [Sync].
struct Batch {
  std::span<const Statement> statements = {};
  bool begin = false;
  bool commit = false;
  bool rollback = false;
  bool sync = true;
  // Runs when all has been sent, before a result is waited for.
  const std::function<void()>* meanwhile = nullptr;
};

// Not thread-safe.
class Connection {
 public:
  // Connects with the schema as search_path. UNAVAILABLE with reason PG_CONNECTION_LOST where that
  // fails.
  static Result<std::unique_ptr<Connection>> Connect(const DatabaseOptions& options,
                                                     Deadline deadline);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends the batch and reads all its results. Whatever the outcome, nothing of the batch is
  // pending afterwards, and a cancel that was sent has done all it will do.
  Result<std::vector<Rows>> Run(const Batch& batch, const Patience& patience = {});

  // The connection is of no further use.
  bool broken() const { return broken_; }
  // Has the server hung up while nobody looked? For connections that were idle.
  bool Stale();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  enum class Kind { kPrepare, kCommand, kCommit, kStatement, kSync };
  // A result that is due, in the order of sending.
  struct Expected {
    Kind kind;
    size_t statement = 0;  // index within the batch
    std::string name;      // of the prepared statement
  };
  struct Outcome {
    Status error;  // the first
    std::vector<Rows> rows;
  };
  struct Cancelling {
    SteadyTime next;  // when to ask the server again
    std::chrono::milliseconds pause;
    SteadyTime give_up;
  };

  Connection(ConnPtr conn, int wake_fd);

  Status Send(const Batch& batch);
  bool SendStatement(size_t index, Prepared& prepared, const EncodedParams& params);
  bool SendCommand(Kind kind, const std::string& sql);
  bool SendSync();

  Outcome Receive(const Patience& patience);
  void Take(const Expected& expected, ResultPtr result, Outcome& outcome);
  void TakeRows(const Expected& expected, ResultPtr result, Outcome& outcome);
  void Fail(Outcome& outcome, Status error);
  ResultPtr Next(const Patience& patience);
  bool AwaitInput(const Patience& patience);
  int PollTimeout(const Patience& patience) const;

  void Cancel();
  void AwaitCancelled();
  static void OnNotice(void* self, const PGresult* notice);

  ConnPtr conn_;
  CancelPtr cancel_;
  const int wake_fd_;  // an eventfd that a stop token writes to
  StatementCache cache_;
  std::deque<Expected> expected_;
  bool broken_ = false;
  bool unreplicated_ = false;  // a commit of this batch may be missing on the standby
  std::optional<Cancelling> cancelling_;
};

}  // namespace crm::pg
