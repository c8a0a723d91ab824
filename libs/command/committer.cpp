#include "libs/command/committer.h"

#include "libs/base/crash_point.h"

namespace crm {

Committer::Committer(Store& store, CommitterOptions options, OnCommitted on_committed,
                     metrics::Histogram group_size)
    : store_(store),
      options_(options),
      on_committed_(std::move(on_committed)),
      group_size_(group_size) {}

Committer::~Committer() {
  Stop();
}

std::optional<RecordKey> Committer::StaleAgainstPending(const WriteSet& set) const {
  for (const auto& check : set.checks) {
    auto found = pending_.find(check.key);
    if (found != pending_.end() && found->second.record.version != check.version) return check.key;
  }
  return std::nullopt;
}

Status Committer::Submit(std::unique_ptr<WriteSet> set, Done done) {
  for (const auto& record : set->records) {
    // The write guard: whatever a handler did, a set touches one tenant.
    if (record.key.tenant != set->tenant) return Internal("a write-set touches another tenant");
  }
  for (const auto& row : set->log) {
    // Refused here, where the caller can still be told; the relay could only stand still before it.
    if (row.body().size() <= options_.event_bytes) continue;
    return InvalidArgument(
        "RECORD_TOO_LARGE",
        "The record is too large to be published; make its texts or lists shorter.");
  }
  std::optional<RecordKey> stale;
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    if (stopped_ || queue_.size() >= options_.queue_limit) {
      Status full(Code::kResourceExhausted, "COMMIT_QUEUE_FULL",
                  "Too many writes are waiting; try again later.");
      return full.RetryAfter(std::chrono::milliseconds(200));
    }
    stale = StaleAgainstPending(*set);
    if (!stale) {
      for (const auto& record : set->records) {
        pending_[record.key] = {{record.key.id, record.version, record.body, record.occurred},
                                set.get()};
      }
      first = queue_.empty();
      queue_.push_back({std::move(set), std::move(done)});
    }
  }
  if (stale) {
    CommitResult result;
    result.outcome = CommitResult::Outcome::kStale;
    result.stale = stale;
    result.pending_conflict = true;
    done(std::move(result));
    return Status::Ok();
  }
  wake_.notify_one();
  if (first && on_work_) on_work_();
  return Status::Ok();
}

std::optional<StoredRecord> Committer::Pending(const RecordKey& key) const {
  std::lock_guard lock(mutex_);
  auto found = pending_.find(key);
  if (found == pending_.end()) return std::nullopt;
  return found->second.record;
}

void Committer::Start() {
  thread_ = std::thread([this] {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
        if (queue_.empty()) return;
      }
      FlushOnce();
    }
  });
}

void Committer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Committer::idle() const {
  std::lock_guard lock(mutex_);
  return queue_.empty();
}

std::vector<Committer::Item> Committer::TakeGroup() {
  std::vector<Item> group;
  size_t bytes = 0;
  while (!queue_.empty()) {
    const WriteSet& next = *queue_.front().set;
    bytes += next.bytes();
    // A single set over the bound still goes, alone.
    if (!group.empty() && (group.size() >= options_.group_sets || bytes > options_.group_bytes))
      break;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

bool Committer::FlushOnce() {
  std::vector<Item> group;
  {
    std::lock_guard lock(mutex_);
    group = TakeGroup();
  }
  if (group.empty()) return false;
  group_size_.Observe(static_cast<double>(group.size()));
  std::vector<const WriteSet*> sets;
  for (const auto& item : group) sets.push_back(item.set.get());
  CrashPoint("committer.before_commit");
  auto results = store_.Commit(sets);
  CrashPoint("committer.after_commit");

  std::vector<kernel::v1::LogRow> logged;
  for (const auto& result : results)
    logged.insert(logged.end(), result.log.begin(), result.log.end());
  if (!logged.empty() && on_committed_) on_committed_(logged);
  CrashPoint("committer.after_hot_push");
  {
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < group.size(); ++i) {
      Release(*group[i].set, results[i].outcome == CommitResult::Outcome::kCommitted);
    }
  }
  for (size_t i = 0; i < group.size(); ++i) group[i].done(std::move(results[i]));
  return true;
}

void Committer::Release(const WriteSet& set, bool committed) {
  for (const auto& record : set.records) {
    auto found = pending_.find(record.key);
    if (found == pending_.end()) continue;
    // What was built on a set that dropped out never will be: nobody should build on it further.
    // The successors already queued fail their own checks.
    if (!committed || found->second.last_writer == &set) pending_.erase(found);
  }
}

}  // namespace crm
