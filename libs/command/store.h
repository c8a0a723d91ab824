// Store: where records and the event log are kept. Two implementations pass one conformance suite:
// PgStore (PostgreSQL) and MemoryStore (one process, virtual clock: domain tests and simulations).
//
// Thread-safety: any thread, but Commit from one thread at a time (the Committer's).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "crm/kernel/v1/records.pb.h"
#include "libs/base/status.h"
#include "libs/command/log_row.h"
#include "libs/command/write_set.h"
#include "libs/filter/checked_filter.h"

namespace crm {

struct StoredRecord {
  Uuid id;
  int64_t version = 0;
  std::string body;
  // Business time of the last change.
  Time occurred{};
};

struct OrderTerm {
  std::string field_path;  // a sortable column
  bool descending = false;
};

// Keyset position behind a record: the values of the order's columns, then its id.
struct ListPosition {
  std::vector<ColumnValue> values;
  Uuid id;
};

struct ListQuery {
  const RecordType* type = nullptr;
  // Unset: all tenants (timers, effects and sweeps only).
  std::optional<Uuid> tenant;
  // nullptr: all records.
  const filter::CheckedFilter* filter = nullptr;
  Time now;  // what now() means in the filter
  // The id is always appended as the last term, in the direction of the term before it, so that one
  // index serves an order and its reverse.
  std::vector<OrderTerm> order;
  std::optional<ListPosition> after;
  size_t limit = 50;
  bool show_deleted = false;

  bool TiesDescend() const { return !order.empty() && order.back().descending; }
};

struct ListedRecord {
  StoredRecord record;
  Uuid tenant;
  ListPosition position;
};

struct AggregateQuery {
  const RecordType* type = nullptr;
  Uuid tenant;
  const filter::CheckedFilter* filter = nullptr;
  Time now;
  // Columns to group by; the result is ordered by them.
  std::vector<std::string> group_by;
  // A kInt column to add up, or empty.
  std::string sum;
};

struct AggregateRow {
  std::vector<ColumnValue> group;
  int64_t count = 0;
  int64_t sum = 0;
};

// Which rows of the log, in the order of seq. Unset conditions do not restrict.
struct LogQuery {
  std::optional<Uuid> tenant;  // unset: all (the relay)
  int64_t after_seq = 0;
  size_t limit = 1000;
  std::string collection, subject, event_id, correlation, causation, run, actor;
  std::optional<Time> recorded_until;  // inclusive
};

enum class Timeline {
  kRecorded,  // what we knew at that moment (as_of)
  kOccurred,  // what was so in the business at that moment (effective_as_of)
};

struct CommitResult {
  enum class Outcome {
    kCommitted,
    // A check does not hold any more. Nothing of the set was stored; the call may be run again.
    kStale,
    // Nothing was stored, for the reason in `status`.
    kFailed,
  };
  Outcome outcome = Outcome::kFailed;
  Status status;
  // kStale: the first record whose version moved.
  std::optional<RecordKey> stale;
  // kStale: it moved only against a write-set that is still pending; somebody else is making
  // progress.
  bool pending_conflict = false;
  // kCommitted: of each row of the set's log, in its order.
  std::vector<LogNumber> log;
};

class Store {
 public:
  virtual ~Store() = default;

  // nullopt: there is none. Soft-deleted records are returned.
  Result<std::optional<StoredRecord>> Get(const RecordKey& key, std::stop_token stop);
  // The same for each of the keys, in their order. All of one type; their tenants may differ.
  virtual Result<std::vector<std::optional<StoredRecord>>> GetEach(std::span<const RecordKey> keys,
                                                                   std::stop_token stop) = 0;
  // Those that exist, in the order of `ids`.
  Result<std::vector<StoredRecord>> GetMany(const RecordType& type, const Uuid& tenant,
                                            std::span<const Uuid> ids, std::stop_token stop);
  virtual Result<std::vector<ListedRecord>> List(const ListQuery& query, std::stop_token stop) = 0;
  virtual Result<std::vector<AggregateRow>> Aggregate(const AggregateQuery& query,
                                                      std::stop_token stop) = 0;

  virtual Result<std::vector<kernel::v1::LogRow>> ReadLog(const LogQuery& query,
                                                          std::stop_token stop) = 0;
  // The subject's last row at `time` inclusive; nullopt where it did not exist yet.
  virtual Result<std::optional<kernel::v1::LogRow>> LogRowAt(const RecordKey& key,
                                                             Timeline timeline, Time time,
                                                             std::stop_token stop) = 0;
  // LogRowAt for every subject of a type, in the order of their ids, streamed.
  virtual Status ForEachLogRowAt(const RecordType& type, const Uuid& tenant, Timeline timeline,
                                 Time time,
                                 const std::function<bool(const kernel::v1::LogRow&)>& visit,
                                 std::stop_token stop) = 0;
  // Last seq given out, and its recorded time.
  virtual Result<std::pair<int64_t, Time>> LogHead(std::stop_token stop) = 0;

  // Commits the sets as if one after the other in this order: a set may be decided on what an
  // earlier one of the group stores, and is stale where that one does not commit (Check::based_on).
  // Apart from that one that is stale or fails leaves its neighbours untouched.
  // One result per set. Atomic: all committed sets become visible together, and the function
  // returns after they are durable. `stop` ends no commit, but the waiting for a server that went
  // away before it had answered: then whether they took place is not known (COMMIT_UNKNOWN).
  virtual std::vector<CommitResult> Commit(std::span<const WriteSet* const> group,
                                           std::stop_token stop) = 0;
  // Makes sure that every later log row has a recorded_time after `time`, so that an answer "as of
  // `time`" never changes. A time in the future of the log's clock is INVALID_ARGUMENT.
  virtual Status SettleLog(Time time) = 0;
  // Deletes up to `limit` idempotency keys whose expire_time has passed; returns how many.
  virtual Result<int64_t> PruneExpired(Time now, size_t limit) = 0;
  // OK where the store answers within a second.
  virtual Status Ping() = 0;
};

// What SettleLog answers for a time that is yet to come.
Status FutureAsOf(Time time);

}  // namespace crm
