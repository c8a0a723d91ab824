// Committer: the one writer of a service's store. Calls hand in write-sets; while one group is
// being committed the next one gathers, so at low load a group is one call that waits for nothing,
// and at high load one flush carries hundreds. Between the two a group waits a moment for those who
// came together before (group_pace.h). Where others wait, a group is answered on a thread of its
// own while the next one is committed.
//
// It also knows the pending records: what queued or committing sets will have stored. A call that
// loads such a record runs on that state and joins the same or a later group, first in, first out;
// if its predecessor drops out its own check fails and it is run again. So many callers of one
// record do not run in vain. What it has committed it remembers for a while (RecentRecords).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "libs/command/group_pace.h"
#include "libs/command/recent_records.h"
#include "libs/command/store.h"
#include "libs/metrics/registry.h"

namespace crm {

struct CommitterOptions {
  size_t group_sets = 256;
  size_t group_bytes = 4 << 20;
  // Largest event; with its headers it must fit the broker's message.max.bytes.
  size_t event_bytes = 900'000;
  // Sets waiting above which Submit refuses.
  size_t queue_limit = 4096;
  // Memory for recent records.
  size_t recent_bytes = 8 << 20;
};

// Thread-safe.
class Committer {
 public:
  using Done = std::function<void(CommitResult)>;
  // Given the rows that a commit logged, in order, before the Done of its calls: the hot push.
  using OnCommitted = std::function<void(std::vector<kernel::v1::LogRow>)>;

  Committer(Store& store, CommitterOptions options, OnCommitted on_committed,
            metrics::Histogram group_size = metrics::Histogram());
  ~Committer();  // Stop()

  // Takes the set; `done` runs once: at once where the set is stale already against pending
  // records, otherwise on the committing or the answering thread, one after the other in the order
  // of commits. RESOURCE_EXHAUSTED (queue full) or INVALID_ARGUMENT (RECORD_TOO_LARGE): not taken,
  // `done` does not run.
  Status Submit(std::unique_ptr<WriteSet> set, Done done);

  struct PendingRecord {
    // Version 0: its erasure is pending.
    StoredRecord record;
    // Id of the set that would store it; a check of this version is based on that.
    uint64_t writer = 0;
  };
  // The pending state of a record: nullopt where nothing is pending.
  std::optional<PendingRecord> Pending(const RecordKey& key) const;
  // Committed states, for first attempts.
  RecentRecords& recent() { return recent_; }

  // Commits until Stop; the threaded way to run it.
  void Start();
  // Waits until nothing is queued and nothing is being committed. Between Start and Stop. From here
  // on nothing is asked of a database that went away during a commit.
  void Drain();
  // Commits what is queued, then ends. Later submits are refused.
  void Stop();
  // Commits one group on the calling thread: the way to run it in a simulation. False: nothing was
  // queued.
  bool FlushOnce();
  // Whether something is queued; a simulation asks.
  bool idle() const;
  // Called whenever the queue becomes non-empty; set before use by a simulation.
  void set_on_work(std::function<void()> on_work) { on_work_ = std::move(on_work); }

 private:
  struct Item {
    std::unique_ptr<WriteSet> set;
    Done done;
  };
  struct Orphan {
    RecordKey key;
    Done done;
  };
  // What a group is told.
  struct Answers {
    std::vector<Item> group;
    std::vector<CommitResult> results;
    std::vector<Orphan> orphans;
  };
  static void Give(Answers& answers);
  bool LeaveToAnswerer(Answers& answers);
  void AnswerUntilStopped();
  std::optional<RecordKey> StaleAgainstPending(const WriteSet& set) const;  // REQUIRES(mutex_)
  std::vector<Item> TakeGroup();                                            // REQUIRES(mutex_)
  void Remember(const WriteSet& set, const CommitResult& result);
  void Release(const WriteSet& set);  // REQUIRES(mutex_)
  void Drop(const WriteSet& set);     // REQUIRES(mutex_)
  std::vector<Orphan> TakeOrphans();  // REQUIRES(mutex_)

  Store& store_;
  const CommitterOptions options_;
  const OnCommitted on_committed_;
  const metrics::Histogram group_size_;
  std::function<void()> on_work_;
  RecentRecords recent_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable drained_;
  std::deque<Item> queue_;                      // GUARDED_BY(mutex_)
  std::map<RecordKey, PendingRecord> pending_;  // GUARDED_BY(mutex_)
  uint64_t last_id_ = 0;                        // GUARDED_BY(mutex_)
  // Sets that dropped out: what is based on them must not commit. Bounded; those up to forgotten_
  // count as dropped.
  std::set<uint64_t> dropped_;  // GUARDED_BY(mutex_)
  uint64_t forgotten_ = 0;      // GUARDED_BY(mutex_)
  bool stopped_ = false;        // GUARDED_BY(mutex_)
  bool flushing_ = false;       // GUARDED_BY(mutex_)
  bool threaded_ = false;       // GUARDED_BY(mutex_); between Start and the end of commits
  std::condition_variable answer_wake_;
  std::deque<Answers> answers_;  // GUARDED_BY(mutex_)
  bool answering_ = false;       // GUARDED_BY(mutex_); also while some wait
  GroupPace pace_;               // of the committing thread
  std::stop_source stopping_;
  std::thread thread_;
  std::thread answerer_;
};

}  // namespace crm
