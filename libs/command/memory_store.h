// MemoryStore: a Store in one process, for domain tests and simulations on a virtual clock. Same
// answers as PgStore, held so by the conformance suite in store_conformance.h.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "libs/command/store.h"

namespace crm {

// Thread-safe.
class MemoryStore : public Store {
 public:
  MemoryStore(const RecordTypes& types, const Clock& clock) : types_(types), clock_(clock) {}

  Result<std::vector<std::optional<StoredRecord>>> GetEach(std::span<const RecordKey> keys,
                                                           std::stop_token stop) override;
  Result<std::vector<ListedRecord>> List(const ListQuery& query, std::stop_token stop) override;
  Result<std::vector<AggregateRow>> Aggregate(const AggregateQuery& query,
                                              std::stop_token stop) override;
  Result<std::vector<kernel::v1::LogRow>> ReadLog(const LogQuery& query,
                                                  std::stop_token stop) override;
  Result<std::optional<kernel::v1::LogRow>> LogRowAt(const RecordKey& key, Timeline timeline,
                                                     Time time, std::stop_token stop) override;
  Status ForEachLogRowAt(const RecordType& type, const Uuid& tenant, Timeline timeline, Time time,
                         const std::function<bool(const kernel::v1::LogRow&)>& visit,
                         std::stop_token stop) override;
  Result<std::pair<int64_t, Time>> LogHead(std::stop_token stop) override;
  std::vector<CommitResult> Commit(std::span<const WriteSet* const> group,
                                   std::stop_token stop) override;
  Status SettleLog(Time time) override;
  Result<int64_t> PruneExpired(Time now, size_t limit) override;
  Status Ping() override { return Status::Ok(); }

 private:
  struct Row {
    StoredRecord record;
    std::vector<ColumnValue> columns;
    bool deleted = false;
  };

  CommitResult CommitOne(const WriteSet& set);  // REQUIRES(mutex_)
  Result<std::vector<std::pair<RecordKey, const Row*>>> Matching(
      const RecordType& type, const std::optional<Uuid>& tenant,
      const filter::CheckedFilter* filter, Time now, bool show_deleted) const;  // REQUIRES(mutex_)

  const RecordTypes& types_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<RecordKey, Row> rows_;        // GUARDED_BY(mutex_)
  std::vector<kernel::v1::LogRow> log_;  // GUARDED_BY(mutex_); log_[i].seq() == i + 1
  // Positions in log_ of each subject, in the order of versions.
  std::map<std::pair<Uuid, std::string>, std::vector<size_t>> by_subject_;  // GUARDED_BY(mutex_)
  Time head_time_{};                                                        // GUARDED_BY(mutex_)
};

// <0, 0, >0: where `left` stands relative to `right` in the query's order; NULLs are last whether
// it ascends or descends.
int ComparePositions(const ListQuery& query, const ListPosition& left, const ListPosition& right);

// Order of two column values as PostgreSQL has it: NULL last, text by bytes. Values of one column
// only.
std::strong_ordering CompareColumns(const ColumnValue& left, const ColumnValue& right);

}  // namespace crm
