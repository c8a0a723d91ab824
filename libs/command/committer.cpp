#include "libs/command/committer.h"

#include "libs/base/crash_point.h"
#include "libs/base/planted_bug.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace crm {

namespace {

CommitResult StaleAgainst(const RecordKey& pending) {
  CommitResult result;
  result.outcome = CommitResult::Outcome::kStale;
  result.stale = pending;
  result.pending_conflict = true;
  return result;
}

}  // namespace

Committer::Committer(Store& store, CommitterOptions options, OnCommitted on_committed,
                     metrics::Histogram group_size)
    : store_(store),
      options_(options),
      on_committed_(std::move(on_committed)),
      group_size_(group_size),
      recent_(options.recent_bytes) {}

Committer::~Committer() {
  Stop();
}

std::optional<RecordKey> Committer::StaleAgainstPending(const WriteSet& set) const {
  if (const Check* orphan = FindBasedOn(set, dropped_)) return orphan->key;
  for (const auto& check : set.checks) {
    if (check.based_on != 0 && check.based_on <= forgotten_) return check.key;
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
      set->id = ++last_id_;
      for (auto& check : set->checks) {
        auto found = pending_.find(check.key);
        if (check.based_on == 0 && found != pending_.end()) check.based_on = found->second.writer;
      }
      for (const auto& record : set->records) {
        pending_[record.key] = {{record.key.id, record.version, record.body, record.occurred},
                                set->id};
      }
      first = queue_.empty();
      queue_.push_back({std::move(set), std::move(done)});
    }
  }
  if (stale) {
    done(StaleAgainst(*stale));
    return Status::Ok();
  }
  wake_.notify_one();
  if (first && on_work_) on_work_();
  return Status::Ok();
}

std::optional<Committer::PendingRecord> Committer::Pending(const RecordKey& key) const {
  std::lock_guard lock(mutex_);
  auto found = pending_.find(key);
  if (found == pending_.end()) return std::nullopt;
  return found->second;
}

void Committer::Start() {
  {
    std::lock_guard lock(mutex_);
    threaded_ = true;
  }
  answerer_ = std::thread([this] { AnswerUntilStopped(); });
  thread_ = std::thread([this] {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const size_t expected = pace_.Expected();
        wake_.wait_for(lock, GroupPace::kPatience,
                       [this, expected] { return stopped_ || queue_.size() >= expected; });
        pace_.Took(queue_.size());
      }
      FlushOnce();
    }
  });
}

void Committer::Drain() {
  stopping_.request_stop();
  std::unique_lock lock(mutex_);
  drained_.wait(lock, [this] { return queue_.empty() && !flushing_ && !answering_; });
}

void Committer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopping_.request_stop();
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  {
    std::lock_guard lock(mutex_);
    threaded_ = false;
  }
  answer_wake_.notify_all();
  if (answerer_.joinable()) answerer_.join();
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
    flushing_ = !group.empty();
  }
  if (group.empty()) return false;
  group_size_.Observe(static_cast<double>(group.size()));
  std::vector<const WriteSet*> sets;
  for (const auto& item : group) sets.push_back(item.set.get());
  if (PlantedBug("ack_before_commit")) {
    for (auto& item : group) {
      CommitResult early;
      early.outcome = CommitResult::Outcome::kCommitted;
      std::exchange(item.done, [](CommitResult) {})(std::move(early));
    }
  }
  CrashPoint("committer.before_commit");
  auto results = store_.Commit(sets, stopping_.get_token());
  CrashPoint("committer.after_commit");

  std::vector<kernel::v1::LogRow> logged;
  for (size_t i = 0; i < group.size(); ++i) {
    for (size_t row = 0; row < results[i].log.size(); ++row) {
      logged.push_back(std::move(group[i].set->log[row]));
      Number(logged.back(), results[i].log[row]);
    }
  }
  if (!logged.empty() && on_committed_) on_committed_(std::move(logged));
  CrashPoint("committer.after_hot_push");
  for (size_t i = 0; i < group.size(); ++i) Remember(*group[i].set, results[i]);
  std::vector<Orphan> orphans;
  {
    std::lock_guard lock(mutex_);
    bool dropped = false;
    for (size_t i = 0; i < group.size(); ++i) {
      bool committed = results[i].outcome == CommitResult::Outcome::kCommitted;
      dropped = dropped || !committed;
      committed ? Release(*group[i].set) : Drop(*group[i].set);
    }
    if (dropped) orphans = TakeOrphans();
  }
  Answers answers{std::move(group), std::move(results), std::move(orphans)};
  if (LeaveToAnswerer(answers)) return true;
  Give(answers);
  {
    std::lock_guard lock(mutex_);
    flushing_ = false;
  }
  drained_.notify_all();
  return true;
}

void Committer::Give(Answers& answers) {
  for (size_t i = 0; i < answers.group.size(); ++i) {
    answers.group[i].done(std::move(answers.results[i]));
  }
  for (auto& orphan : answers.orphans) orphan.done(StaleAgainst(orphan.key));
}

// Where others wait to be committed, and behind answers that another group is still given.
bool Committer::LeaveToAnswerer(Answers& answers) {
  {
    std::lock_guard lock(mutex_);
    if (!threaded_ || (queue_.empty() && !answering_)) return false;
    answers_.push_back(std::move(answers));
    answering_ = true;
    flushing_ = false;
  }
  answer_wake_.notify_one();
  return true;
}

void Committer::AnswerUntilStopped() {
  std::unique_lock lock(mutex_);
  while (true) {
    answer_wake_.wait(lock, [this] { return !threaded_ || !answers_.empty(); });
    if (answers_.empty()) return;
    Answers next = std::move(answers_.front());
    answers_.pop_front();
    lock.unlock();
    Give(next);
    lock.lock();
    answering_ = !answers_.empty();
    drained_.notify_all();
  }
}

// Before the pending state is released, so that nobody in between reads an older one.
void Committer::Remember(const WriteSet& set, const CommitResult& result) {
  if (result.outcome != CommitResult::Outcome::kCommitted) {
    for (const auto& check : set.checks) recent_.Forget(check.key);
    return;
  }
  for (const auto& record : set.records) {
    if (!record.wanted_again) continue;
    recent_.Put(record.key, {record.key.id, record.version, record.body, record.occurred});
  }
}

void Committer::Release(const WriteSet& set) {
  for (const auto& record : set.records) {
    auto found = pending_.find(record.key);
    if (found != pending_.end() && found->second.writer == set.id) pending_.erase(found);
  }
}

// What was built on a set that dropped out never will be: nobody should build on it further.
void Committer::Drop(const WriteSet& set) {
  constexpr size_t kRemembered = 10000;
  for (const auto& record : set.records) pending_.erase(record.key);
  dropped_.insert(set.id);
  if (dropped_.size() <= kRemembered) return;
  forgotten_ = *dropped_.begin();
  dropped_.erase(dropped_.begin());
}

// Those in the queue that are based on what dropped out, directly or through each other: they stand
// behind what they are based on.
std::vector<Committer::Orphan> Committer::TakeOrphans() {
  std::vector<Orphan> orphans;
  std::deque<Item> kept;
  for (auto& item : queue_) {
    const Check* check = FindBasedOn(*item.set, dropped_);
    if (check == nullptr) {
      kept.push_back(std::move(item));
      continue;
    }
    Drop(*item.set);
    orphans.push_back({check->key, std::move(item.done)});
  }
  queue_ = std::move(kept);
  return orphans;
}

}  // namespace crm
