#include "libs/base/executor.h"

#include <system_error>

namespace crm {

bool Executor::PostAfter(std::chrono::milliseconds, Task task) {
  return Post(std::move(task));
}

ThreadPool::ThreadPool(size_t threads, size_t queue_limit)
    : most_threads_(threads), queue_limit_(queue_limit) {}

ThreadPool::~ThreadPool() {
  Stop();
}

bool ThreadPool::Post(Task task) {
  return PostAfter(std::chrono::milliseconds(0), std::move(task));
}

bool ThreadPool::PostAfter(std::chrono::milliseconds delay, Task task) {
  Worker* wake = nullptr;
  {
    std::lock_guard lock(mutex_);
    size_t most = queue_limit_ + most_threads_ - busy_;
    if (stopped_ || queue_.size() + waiting_.size() >= most) return false;
    if (delay.count() <= 0) {
      queue_.push_back(std::move(task));
      wake = Summon();
    } else {
      auto added = waiting_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
      // Somebody has to watch the time, and whoever does must learn of an earlier one.
      if (added == waiting_.begin()) wake = timed_ != nullptr ? timed_ : Summon();
    }
  }
  // Outside the lock, for which who is woken would have to wait.
  if (wake != nullptr) wake->wake.notify_one();
  return true;
}

// One at a time: who wakes up takes a task and wakes the next where there are more. To be woken
// costs more than most tasks, and under load a thread that is at work anyway comes sooner.
ThreadPool::Worker* ThreadPool::Summon() {
  if (coming_ || stopped_) return nullptr;
  if (!idle_.empty()) {
    Worker* last = idle_.back();
    idle_.pop_back();
    last->called = true;
    coming_ = true;
    return last;
  }
  if (workers_.size() == most_threads_) return nullptr;
  Worker& added = workers_.emplace_back();
  try {
    added.thread = std::thread([this, &added] { Work(added); });
    coming_ = true;
  } catch (const std::system_error&) {
    // Of threads that the system does not give, those that are there do the work.
    workers_.pop_back();
    if (workers_.empty()) throw;
  }
  return nullptr;
}

void ThreadPool::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  for (auto& worker : workers_) worker.wake.notify_one();
  for (auto& worker : workers_) {
    if (worker.thread.joinable()) worker.thread.join();
  }
}

void ThreadPool::MoveDue() {
  if (waiting_.empty()) return;  // nobody asks for the time then
  auto until = stopped_ ? waiting_.end() : waiting_.upper_bound(std::chrono::steady_clock::now());
  for (auto due = waiting_.begin(); due != until; due = waiting_.erase(due)) {
    queue_.push_back(std::move(due->second));
  }
}

// Until the worker is called, the first time has come or an earlier one is to be watched.
void ThreadPool::Sleep(Worker& self, std::unique_lock<std::mutex>& lock) {
  if (waiting_.empty() || timed_ != nullptr) {
    idle_.push_back(&self);
    self.wake.wait(lock, [this, &self] { return self.called || stopped_; });
  } else {
    idle_.insert(idle_.begin(), &self);
    timed_ = &self;
    // A copy: it is looked at again after another thread may have taken the task.
    const SteadyTime first = waiting_.begin()->first;
    self.wake.wait_until(lock, first);
    timed_ = nullptr;
  }
  if (self.called) {
    self.called = coming_ = false;
  } else {
    std::erase(idle_, &self);
  }
}

void ThreadPool::Work(Worker& self) {
  std::unique_lock lock(mutex_);
  coming_ = false;
  while (true) {
    MoveDue();
    if (queue_.empty()) {
      if (stopped_) return;
      Sleep(self, lock);
      continue;
    }
    Task task = std::move(queue_.front());
    queue_.pop_front();
    ++busy_;
    // More to do, or somebody else to watch the time meanwhile.
    const bool more = !queue_.empty() || (!waiting_.empty() && timed_ == nullptr);
    Worker* wake = more ? Summon() : nullptr;
    lock.unlock();
    if (wake != nullptr) wake->wake.notify_one();
    task();
    task = nullptr;  // its captures are released outside the lock
    lock.lock();
    --busy_;
  }
}

}  // namespace crm
