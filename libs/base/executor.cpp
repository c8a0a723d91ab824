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
  bool wake = false;
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    size_t most = queue_limit_ + most_threads_ - busy_;
    if (stopped_ || queue_.size() + waiting_.size() >= most) return false;
    if (delay.count() <= 0) {
      queue_.push_back(std::move(task));
      wake = Summon();
    } else {
      auto added = waiting_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
      first = added == waiting_.begin();
      if (idle_ == 0) Summon();  // somebody has to watch the time
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
bool ThreadPool::Summon() {
  if (coming_ || stopped_) return false;
  if (idle_ == 0) {
    if (threads_.size() == most_threads_) return false;
    try {
      threads_.emplace_back([this] { Work(); });
    } catch (const std::system_error&) {
      // Of threads that the system does not give, those that are there do the work.
      if (threads_.empty()) throw;
      return false;
    }
  }
  coming_ = true;
  return idle_ > 0;
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
  coming_ = false;
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
      coming_ = false;
      continue;
    }
    Task task = std::move(queue_.front());
    queue_.pop_front();
    ++busy_;
    // More to do, or somebody else to watch the time meanwhile.
    bool wake = (!queue_.empty() || (!waiting_.empty() && !timed_)) && Summon();
    lock.unlock();
    if (wake) wake_.notify_one();
    task();
    task = nullptr;  // its captures are released outside the lock
    lock.lock();
    --busy_;
  }
}

}  // namespace crm
