// The writing half of PgStore; see pg_store.h for how a group is committed.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "libs/command/store.h"
#include "libs/command/table_growth.h"
#include "libs/pg/database.h"

namespace crm {

// Not thread-safe: the committing thread's.
class PgCommit {
 public:
  explicit PgCommit(pg::Database& database) : database_(database) {}

  // As Store::Commit.
  std::vector<CommitResult> Commit(std::span<const WriteSet* const> group,
                                   const std::stop_token& stop);

 private:
  using Versions = std::map<RecordKey, int64_t>;
  struct Survivors {
    // The last write of each record, in the order of keys.
    std::map<RecordKey, const RecordWrite*> records;
    std::vector<const WriteSet*> sets;
  };

  // One transaction for the group; a Status where it failed as a whole.
  Status CommitGroup(std::span<const WriteSet* const> group, std::vector<CommitResult>& results,
                     const std::stop_token& stop);
  std::vector<CommitResult> CommitSingly(std::span<const WriteSet* const> group, const Status& why,
                                         const std::stop_token& stop);
  // Locks the names and reads their versions; fills `xid`.
  Result<Versions> LockAndRead(std::span<const WriteSet* const> group, std::string& xid);
  static Survivors Judge(std::span<const WriteSet* const> group, Versions versions,
                         std::vector<CommitResult>& results);
  Status WriteAll(const Survivors& survivors, const std::string& xid,
                  std::vector<CommitResult*> results, const std::stop_token& stop);
  // After the connection was lost in the commit: whether it took place. OK: yes.
  Status SettleUnknown(const std::string& xid, const Survivors& survivors,
                       std::vector<pg::Rows>& log_rows, const std::stop_token& stop);
  void NoteGrowth(const Survivors& survivors);
  Status EnsureSession();

  pg::Database& database_;
  std::unique_ptr<pg::Session> session_;
  TableGrowth growth_;
};

}  // namespace crm
