// PgStore: a Store in one PostgreSQL schema (migrations/0000_kernel.sql and the service's own).
//
// A commit group is two round trips. First: lock every name of every check set (advisory, in the
// order of their hashes, shared where it is only checked), then read the versions; the locks also
// order records that do not exist yet. The members are then judged one after the other in memory.
// Second: write what the survivors store, number their log rows from log_head, commit. Replicas may
// commit to one schema at the same time: the locks, and log_head's row, put them in order.
#pragma once

#include <atomic>
#include <memory>

#include "libs/command/store.h"
#include "libs/pg/database.h"

namespace crm {

// Thread-safe as Store says.
class PgStore final : public Store {
 public:
  // `scan` reads over all tenants (relay, timers): a role that may only select. Both databases must
  // outlive the store.
  PgStore(pg::Database& database, pg::Database& scan);
  ~PgStore() override;

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
  Status Ping() override { return database_.Ping(); }

  // Records of any tenant whose index columns were written before the type's index_revision, in any
  // order (see Reindexer).
  Result<std::vector<ListedRecord>> Outdated(const RecordType& type, size_t limit,
                                             std::stop_token stop);

  // Puts in its place what commits of this process have left in the lists of new entries of search
  // indexes; does nothing where there were none since the last time. Returns how many pages of such
  // entries there were. For a thread that may take its time.
  Result<int64_t> TidySearch(std::stop_token stop);

 private:
  Status CheckIndexed(const RecordType& type, const std::optional<Uuid>& tenant,
                      const struct IndexedSelect& select, std::stop_token stop);

  pg::Database& database_;
  pg::Database& scan_;
  // Of the committing thread.
  std::unique_ptr<class PgCommit> commit_;
  std::atomic<bool> untidy_ = false;
};

}  // namespace crm
