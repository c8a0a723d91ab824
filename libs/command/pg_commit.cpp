#include "libs/command/pg_commit.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>

#include "libs/base/crash_point.h"
#include "libs/command/pg_sql.h"

namespace crm {

namespace {

// How long a commit whose answer was lost is asked for before the caller is told that it is
// unknown.
constexpr int kSettleAttempts = 60;
constexpr auto kSettlePause = std::chrono::milliseconds(500);

struct Lock {
  int64_t hash;
  bool exclusive;
};

// Collisions only make two strangers wait for each other.
int64_t LockHash(const RecordKey& key) {
  std::string label(reinterpret_cast<const char*>(key.tenant.bytes.data()), 16);
  Uuid hash = NamedUuid(key.type->table() + label,
                        std::string_view(reinterpret_cast<const char*>(key.id.bytes.data()), 16));
  uint64_t value = 0;
  // Bytes 6 and 8 carry the version and variant bits.
  for (size_t i : {0, 1, 2, 3, 4, 5, 9, 10}) value = value << 8 | hash.bytes[i];
  return static_cast<int64_t>(value);
}

std::vector<Lock> LocksOf(std::span<const WriteSet* const> group) {
  std::map<int64_t, bool> locks;
  for (const WriteSet* set : group) {
    for (const auto& check : set->checks) locks.emplace(LockHash(check.key), false);
    for (const auto& write : set->records) locks[LockHash(write.key)] = true;
  }
  std::vector<Lock> sorted;
  for (const auto& [hash, exclusive] : locks) sorted.push_back({hash, exclusive});
  return sorted;
}

// The first check whose record has another version; nullptr where there is none.
const Check* FindMoved(const WriteSet& set, const std::map<RecordKey, int64_t>& versions) {
  for (const auto& check : set.checks) {
    auto found = versions.find(check.key);
    if ((found == versions.end() ? 0 : found->second) != check.version) return &check;
  }
  return nullptr;
}

bool ConnectionLost(const Status& status) {
  return status.reason() == "PG_CONNECTION_LOST";
}

// False: a stop ended it.
bool Pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

Status PgCommit::EnsureSession() {
  if (session_ != nullptr) return Status::Ok();
  auto session = database_.OpenSession();
  if (!session.ok()) return session.status();
  session_ = std::move(*session);
  return Status::Ok();
}

std::vector<CommitResult> PgCommit::Commit(std::span<const WriteSet* const> group,
                                           const std::stop_token& stop) {
  std::vector<CommitResult> results(group.size());
  Status status = CommitGroup(group, results, stop);
  if (status.ok()) return results;
  // It may stand (COMMIT_UNKNOWN), or stands on this server (PG_COMMIT_NOT_REPLICATED): running it
  // again could double it.
  bool settled = status.code() == Code::kUnknown;
  if (session_ != nullptr && !session_->Rollback().ok()) session_ = nullptr;
  if (group.size() > 1 && !settled && !ConnectionLost(status))
    return CommitSingly(group, status, stop);
  for (auto& result : results) {
    result = CommitResult();
    result.status = status;
  }
  return results;
}

// An unexpected error names no culprit: its members are committed one by one, so that one never
// fails its neighbours.
std::vector<CommitResult> PgCommit::CommitSingly(std::span<const WriteSet* const> group,
                                                 const Status& why, const std::stop_token& stop) {
  std::vector<CommitResult> results;
  std::set<uint64_t> dropped;
  for (const WriteSet* set : group) {
    if (const Check* check = FindBasedOn(*set, dropped)) {
      results.emplace_back();
      results.back().outcome = CommitResult::Outcome::kStale;
      results.back().stale = check->key;
    } else {
      results.push_back(std::move(Commit(std::span(&set, 1), stop).front()));
    }
    if (results.back().outcome != CommitResult::Outcome::kCommitted) dropped.insert(set->id);
  }
  return results;
}

Status PgCommit::CommitGroup(std::span<const WriteSet* const> group,
                             std::vector<CommitResult>& results, const std::stop_token& stop) {
  if (auto status = EnsureSession(); !status.ok()) return status;
  std::string xid;
  // All checks hold most of the time, so what all would store is put together meanwhile.
  Writes writes;
  auto prepare = [&] { writes = WritesOf({group.begin(), group.end()}); };
  auto versions = LockAndRead(group, xid, prepare);
  if (!versions.ok() && ConnectionLost(versions.status())) {
    // Nothing was sent that could have been stored: once more on a new connection.
    if (auto status = session_->Rollback(); !status.ok()) return status;
    versions = LockAndRead(group, xid, prepare);
  }
  if (!versions.ok()) return versions.status();
  auto survivors = Judge(group, std::move(*versions), results);
  if (survivors.size() != writes.sets.size()) writes = WritesOf(std::move(survivors));
  std::vector<CommitResult*> committed;
  for (size_t i = 0; i < group.size(); ++i) {
    if (results[i].outcome == CommitResult::Outcome::kCommitted) committed.push_back(&results[i]);
  }
  if (writes.statements.empty()) return session_->Rollback();  // only verified
  auto written = WriteAll(writes, xid, std::move(committed), stop);
  if (written.ok()) NoteGrowth(writes);
  return written;
}

PgCommit::Writes PgCommit::WritesOf(std::vector<const WriteSet*> sets) {
  Writes writes;
  writes.sets = std::move(sets);
  for (const WriteSet* set : writes.sets) {
    writes.logs = writes.logs || !set->log.empty();
    for (const auto& write : set->records) writes.records[write.key] = &write;
  }
  std::vector<const RecordWrite*> records;
  for (const auto& [key, write] : writes.records) records.push_back(write);
  writes.statements = WriteRecords(records);
  if (writes.logs) writes.statements.push_back(InsertLog(writes.sets));
  return writes;
}

void PgCommit::NoteGrowth(const Writes& writes) {
  for (const auto& [key, write] : writes.records) {
    growth_.Add(key.type->table(), write->is_new ? 1 : 0);
    growth_.Add("custom_index", static_cast<int64_t>(write->index.size()));
  }
  for (const WriteSet* set : writes.sets) {
    growth_.Add("log", static_cast<int64_t>(set->log.size()));
  }
  auto due = growth_.Due();
  // The group stands whatever becomes of this.
  if (!due.empty() && !session_->Run(due).ok() && !session_->Rollback().ok()) session_ = nullptr;
}

Result<PgCommit::Versions> PgCommit::LockAndRead(std::span<const WriteSet* const> group,
                                                 std::string& xid,
                                                 const std::function<void()>& meanwhile) {
  std::set<Uuid> tenants;
  std::map<const RecordType*, std::set<std::pair<Uuid, Uuid>>> names;
  for (const WriteSet* set : group) {
    tenants.insert(set->tenant);
    for (const auto& check : set->checks) {
      names[check.key.type].insert({check.key.tenant, check.key.id});
    }
  }
  std::vector<pg::Statement> statements;
  statements.push_back(pg::SetTenants(std::vector<Uuid>(tenants.begin(), tenants.end())));
  statements.push_back({"SELECT pg_current_xact_id()::text", {}});
  std::vector<std::optional<int64_t>> hashes;
  std::vector<std::optional<bool>> exclusive;
  for (const Lock& lock : LocksOf(group)) {
    hashes.push_back(lock.hash);
    exclusive.push_back(lock.exclusive);
  }
  statements.push_back(
      {"SELECT CASE WHEN e THEN pg_advisory_xact_lock(k)::text ELSE "
       "pg_advisory_xact_lock_shared(k)::text END FROM unnest($1::bigint[], $2::bool[]) AS l(k, e)",
       {pg::Array(std::move(hashes)), pg::Array(std::move(exclusive))}});
  std::vector<const RecordType*> types;
  for (const auto& [type, ids] : names) {
    types.push_back(type);
    statements.push_back(SelectVersions(*type, ids));
  }
  auto rows = session_->RunBegin(statements, meanwhile);
  if (!rows.ok()) return rows.status();
  xid = (*rows)[1].GetString(0, 0);
  Versions versions;
  for (size_t i = 0; i < types.size(); ++i) {
    const pg::Rows& found = (*rows)[3 + i];
    for (size_t row = 0; row < found.size(); ++row) {
      versions[{types[i], found.GetUuid(row, 0), found.GetUuid(row, 1)}] = found.GetInt(row, 2);
    }
  }
  return versions;
}

std::vector<const WriteSet*> PgCommit::Judge(std::span<const WriteSet* const> group,
                                             Versions versions,
                                             std::vector<CommitResult>& results) {
  std::vector<const WriteSet*> survivors;
  std::set<uint64_t> dropped;
  for (size_t i = 0; i < group.size(); ++i) {
    const Check* moved = FindMoved(*group[i], versions);
    if (moved == nullptr) moved = FindBasedOn(*group[i], dropped);
    if (moved != nullptr) {
      results[i].outcome = CommitResult::Outcome::kStale;
      results[i].stale = moved->key;
      dropped.insert(group[i]->id);
      continue;
    }
    results[i].outcome = CommitResult::Outcome::kCommitted;
    survivors.push_back(group[i]);
    for (const auto& write : group[i]->records) versions[write.key] = write.version;
  }
  return survivors;
}

Status PgCommit::WriteAll(const Writes& writes, const std::string& xid,
                          std::vector<CommitResult*> results, const std::stop_token& stop) {
  CrashPoint("pg_commit.before_commit");
  auto rows = session_->RunCommit(writes.statements);
  std::vector<pg::Rows> answers;
  if (rows.ok()) {
    answers = std::move(*rows);
  } else if (ConnectionLost(rows.status())) {
    if (auto status = SettleUnknown(xid, writes, answers, stop); !status.ok()) return status;
  } else {
    return rows.status();
  }
  if (!writes.logs) return Status::Ok();
  // Numbered in the order in which the statement was given them.
  const pg::Rows& numbered = answers.back();
  size_t next = 0;
  for (size_t i = 0; i < writes.sets.size(); ++i) {
    for (size_t row = 0; row < writes.sets[i]->log.size(); ++row) {
      results[i]->log.push_back(NumberOf(numbered, next++));
    }
  }
  return Status::Ok();
}

Status PgCommit::SettleUnknown(const std::string& xid, const Writes& writes,
                               std::vector<pg::Rows>& log_rows, const std::stop_token& stop) {
  Status unknown(Code::kUnknown, "COMMIT_UNKNOWN",
                 "The database went away during the commit; whether it took place is not known. "
                 "Repeat the call with the same request_id.");
  std::vector<Uuid> ids;
  for (const WriteSet* set : writes.sets) ids.push_back(set->tenant);
  pg::Statement tenants = pg::SetTenants(ids);
  for (int attempt = 0; attempt < kSettleAttempts; ++attempt) {
    if (attempt > 0 && !Pause(kSettlePause, stop)) return unknown;
    auto state = database_.XactStatus(xid);
    if (!state.ok() || *state == pg::XactState::kInProgress) continue;
    if (*state == pg::XactState::kAborted) {
      // As if the connection had been lost before: the members may be run again.
      return Unavailable("COMMIT_LOST",
                         "The database went away and nothing was stored; try again.");
    }
    if (auto status = session_->Rollback(); !status.ok()) continue;
    // Committed, or a server that does not know the number (a change of timeline): our log rows
    // tell. Under row-level security like every other read of this role.
    auto found = session_->Run(std::vector{tenants, SelectNumbers(writes.sets)});
    if (!found.ok()) continue;
    const pg::Rows& numbers = found->back();
    // After a crash the server may have given the number to another transaction: only our rows are
    // proof.
    if (numbers.size() == 0 && (writes.logs || *state == pg::XactState::kUnknown)) {
      return Unavailable("COMMIT_LOST",
                         "The database went away and nothing was stored; try again.");
    }
    log_rows.push_back(numbers);
    return Status::Ok();
  }
  return unknown;
}

}  // namespace crm
