// Where work runs. Handlers, consumers and timers are posted to an Executor, so the same code runs
// in a pool of threads or, in a simulation, in one thread in an order that a seed decides.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace crm {

using Task = std::function<void()>;

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `task` some time later, never inside this call. False: the queue is full or stopped and
  // the task was not taken.
  virtual bool Post(Task task) = 0;
  // The same, not before `delay` has passed. As it is here, for executors whose time is virtual,
  // the delay is nothing: the task takes its turn among the others.
  virtual bool PostAfter(std::chrono::milliseconds delay, Task task);
};

// Up to a number of threads, made when there is something to do for them, behind a bounded queue.
// Thread-safe.
class ThreadPool final : public Executor {
 public:
  // `queue_limit` tasks may wait beyond those for which a thread is free.
  ThreadPool(size_t threads, size_t queue_limit);
  ~ThreadPool() override;  // Stop()
  bool Post(Task task) override;
  // What waits for its time counts as queued.
  bool PostAfter(std::chrono::milliseconds delay, Task task) override;
  // Takes no more, runs what is queued (what waits for its time at once), joins. Idempotent; not
  // from a task of the pool.
  void Stop();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Worker {
    std::thread thread;
    std::condition_variable wake;
    bool called = false;  // taken from idle_ to come; GUARDED_BY(mutex_)
  };

  void Work(Worker& self);
  void Sleep(Worker& self, std::unique_lock<std::mutex>& lock);  // REQUIRES(mutex_)
  // Has one thread more come: the one that the caller is to wake, if any. REQUIRES(mutex_)
  Worker* Summon();
  void MoveDue();  // REQUIRES(mutex_)

  const size_t most_threads_;
  const size_t queue_limit_;
  std::mutex mutex_;
  std::deque<Task> queue_;                   // GUARDED_BY(mutex_)
  std::multimap<SteadyTime, Task> waiting_;  // GUARDED_BY(mutex_)
  size_t busy_ = 0;                          // threads that run a task; GUARDED_BY(mutex_)
  // Who fell asleep last is called first, because its caches are still warm; who watches the time,
  // last. GUARDED_BY(mutex_)
  std::vector<Worker*> idle_;
  Worker* timed_ = nullptr;     // waits for the first time; GUARDED_BY(mutex_)
  bool coming_ = false;         // one is being woken or made; GUARDED_BY(mutex_)
  bool stopped_ = false;        // GUARDED_BY(mutex_)
  std::deque<Worker> workers_;  // GUARDED_BY(mutex_) until stopped_
};

}  // namespace crm
