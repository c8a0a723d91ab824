#include "libs/base/executor.h"

namespace crm {

bool Executor::PostAfter(std::chrono::milliseconds, Task task) {
  return Post(std::move(task));
}

ThreadPool::ThreadPool(size_t threads, size_t queue_limit) : queue_limit_(queue_limit) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

ThreadPool::~ThreadPool() {
  Stop();
}

bool ThreadPool::Post(Task task) {
  return PostAfter(std::chrono::milliseconds(0), std::move(task));
}

bool ThreadPool::PostAfter(std::chrono::milliseconds delay, Task task) {
  bool wake = false;
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    if (stopped_ || queue_.size() + waiting_.size() >= queue_limit_) return false;
    if (delay.count() <= 0) {
      queue_.push_back(std::move(task));
      wake = MayWake();
    } else {
      auto added = waiting_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
      first = added == waiting_.begin();
    }
  }
  // Outside the lock, for which who is woken would have to wait.
  if (wake) wake_.notify_one();
  // Whoever watches the time must learn of an earlier one.
  if (first) wake_.notify_all();
  return true;
}

// One at a time: who wakes up takes a task and wakes the next where there are more. To be woken
// costs more than most tasks, and under load a thread that is at work anyway comes sooner.
bool ThreadPool::MayWake() {
  if (idle_ == 0 || waking_) return false;
  waking_ = true;
  return true;
}

void ThreadPool::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ThreadPool::MoveDue() {
  if (waiting_.empty()) return;  // nobody asks for the time then
  auto until = stopped_ ? waiting_.end() : waiting_.upper_bound(std::chrono::steady_clock::now());
  for (auto due = waiting_.begin(); due != until; due = waiting_.erase(due)) {
    queue_.push_back(std::move(due->second));
  }
}

void ThreadPool::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    MoveDue();
    if (queue_.empty()) {
      if (stopped_) return;
      ++idle_;
      if (waiting_.empty() || timed_) {
        wake_.wait(lock);
      } else {
        timed_ = true;
        wake_.wait_until(lock, waiting_.begin()->first);
        timed_ = false;
      }
      --idle_;
      waking_ = false;
      continue;
    }
    Task task = std::move(queue_.front());
    queue_.pop_front();
    // More to do, or somebody else to watch the time meanwhile.
    bool wake = (!queue_.empty() || (!waiting_.empty() && !timed_)) && MayWake();
    lock.unlock();
    if (wake) wake_.notify_one();
    task();
    task = nullptr;  // its captures are released outside the lock
    lock.lock();
  }
}

}  // namespace crm
