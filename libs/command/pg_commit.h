// The writing half of PgStore; see pg_store.h for how a group is committed.
#pragma once

#include <functional>
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
  // What some sets of a group store.
  struct Writes {
    std::vector<const WriteSet*> sets;
    // The last write of each record, in the order of keys.
    std::map<RecordKey, const RecordWrite*> records;
    bool logs = false;
    // That of the log, where there is one, stands last.
    std::vector<pg::Statement> statements;
  };

  // One transaction for the group; a Status where it failed as a whole.
  Status CommitGroup(std::span<const WriteSet* const> group, std::vector<CommitResult>& results,
                     const std::stop_token& stop);
  std::vector<CommitResult> CommitSingly(std::span<const WriteSet* const> group, const Status& why,
                                         const std::stop_token& stop);
  static Writes WritesOf(std::vector<const WriteSet*> sets);
  // Locks the names and reads their versions; fills `xid`. `meanwhile` runs while the server does.
  Result<Versions> LockAndRead(std::span<const WriteSet* const> group, std::string& xid,
                               const std::function<void()>& meanwhile);
  // The sets whose checks hold.
  static std::vector<const WriteSet*> Judge(std::span<const WriteSet* const> group,
                                            Versions versions, std::vector<CommitResult>& results);
  Status WriteAll(const Writes& writes, const std::string& xid, std::vector<CommitResult*> results,
                  const std::stop_token& stop);
  // After the connection was lost in the commit: whether it took place. OK: yes.
  Status SettleUnknown(const std::string& xid, const Writes& writes,
                       std::vector<pg::Rows>& log_rows, const std::stop_token& stop);
  void NoteGrowth(const Writes& writes);
  Status EnsureSession();

  pg::Database& database_;
  std::unique_ptr<pg::Session> session_;
  TableGrowth growth_;
};

}  // namespace crm
