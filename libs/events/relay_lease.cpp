#include "libs/events/relay_lease.h"

#include <algorithm>
#include <future>

#include "libs/base/crash_point.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"

namespace crm::events {

using kernel::v1::RelayCursor;

namespace {

constexpr int kCheckpoints = 40;

// Keeps the newest checkpoints and ever fewer of the older ones, so that a broker restored to any
// older state has one near.
void AddCheckpoint(RelayCursor& cursor, RelayCursor::Checkpoint checkpoint) {
  *cursor.add_checkpoints() = std::move(checkpoint);
  if (cursor.checkpoints_size() <= kCheckpoints) return;
  int drop = cursor.checkpoints_size() / 2 - 1 - static_cast<int>(cursor.cursor() % 10);
  cursor.mutable_checkpoints()->DeleteSubrange(std::max(drop, 1), 1);
}

}  // namespace

RelayLease::RelayLease(const RecordTypes& types, Store& store, Committer& committer,
                       const Clock& clock, const std::string& service, std::string holder,
                       std::chrono::milliseconds time)
    : store_(store),
      committer_(committer),
      clock_(clock),
      key_{&types.Of(RelayCursor::descriptor()), Uuid{}, NamedUuid("relay", service)},
      holder_(std::move(holder)),
      time_(time) {}

Result<bool> RelayLease::Take(std::stop_token stop) {
  auto read = store_.Get(key_, stop);
  if (!read.ok()) return read.status();
  stored_ = RelayCursor();
  version_ = 0;
  if (*read) {
    if (auto status = DecodeRecord((*read)->body, stored_); !status.ok()) return status;
    version_ = (*read)->version;
  }
  bool held = stored_.holder() != holder_ && !stored_.holder().empty() &&
              ToTime(stored_.lease_end_time()) > clock_.Now();
  if (held) return false;
  auto taken_at = Steady::now();
  RelayCursor next = stored_;
  next.set_name(key_.name());
  next.set_holder(holder_);
  next.set_epoch(stored_.epoch() + 1);
  *next.mutable_lease_end_time() = ToTimestamp(clock_.Now() + time_);
  auto status = Commit(next);
  if (status.code() == Code::kAborted) return false;  // another replica was faster
  if (!status.ok()) return status;
  until_ = taken_at + time_;
  return true;
}

Status RelayLease::Renew(int64_t prefix, const Ends& ends, bool release) {
  RelayCursor next = stored_;
  if (prefix > next.cursor()) {
    next.set_cursor(prefix);
    RelayCursor::Checkpoint checkpoint;
    checkpoint.set_seq(prefix);
    checkpoint.mutable_end_offsets()->insert(ends.begin(), ends.end());
    AddCheckpoint(next, std::move(checkpoint));
  }
  auto now = Steady::now();
  *next.mutable_lease_end_time() = ToTimestamp(release ? clock_.Now() : clock_.Now() + time_);
  CrashPoint("relay.before_cursor_moves");
  auto status = Commit(next);
  if (!status.ok()) return status;
  until_ = now + time_;
  renewed_ = now;
  return Status::Ok();
}

Result<bool> RelayLease::MoveBackTo(Ends ends) {
  auto there = [&](const RelayCursor::Checkpoint& checkpoint) {
    return std::all_of(checkpoint.end_offsets().begin(), checkpoint.end_offsets().end(),
                       [&](const auto& each) { return ends[each.first] >= each.second; });
  };
  int keep = stored_.checkpoints_size();
  while (keep > 0 && !there(stored_.checkpoints(keep - 1))) --keep;
  if (keep == stored_.checkpoints_size()) return false;
  RelayCursor back = stored_;
  back.mutable_checkpoints()->DeleteSubrange(keep, stored_.checkpoints_size() - keep);
  back.set_cursor(keep == 0 ? 0 : back.checkpoints(keep - 1).seq());
  if (auto status = Commit(back); !status.ok()) return status;
  return true;
}

RelayLease::Ends RelayLease::ends() const {
  if (stored_.checkpoints_size() == 0) return {};
  const auto& last = stored_.checkpoints(stored_.checkpoints_size() - 1).end_offsets();
  return {last.begin(), last.end()};
}

Status RelayLease::Commit(const RelayCursor& next) {
  auto set = std::make_unique<WriteSet>();
  set->tenant = key_.tenant;
  set->checks.push_back({key_, version_});
  set->records.push_back(MakeRecordWrite(key_, version_ + 1, next));
  auto answer = std::make_shared<std::promise<CommitResult>>();
  auto result = answer->get_future();
  auto status = committer_.Submit(
      std::move(set), [answer](CommitResult done) { answer->set_value(std::move(done)); });
  if (!status.ok()) return status;
  CommitResult done = result.get();
  if (done.outcome == CommitResult::Outcome::kFailed) return done.status;
  if (done.outcome == CommitResult::Outcome::kStale) {
    return Status(Code::kAborted, "RELAY_LEASE_LOST", "Another replica moved the cursor.");
  }
  stored_ = next;
  ++version_;
  return Status::Ok();
}

}  // namespace crm::events
