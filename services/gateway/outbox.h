// Outbox: the bytes of a stream between the thread that makes them and the connection that sends
// them. Bounded, so that a slow client slows the maker down instead of filling memory.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace crm::gateway {

// Thread-safe.
class Outbox {
 public:
  explicit Outbox(size_t limit) : limit_(limit) {}

  // Waits until what is stored is below the limit, then stores. False: closed, nothing was stored.
  bool Push(std::string_view bytes) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return closed_ || stored_.size() < limit_; });
    if (closed_) return false;
    stored_ += bytes;
    return true;
  }

  // Stores without waiting: for the one who empties it.
  void Append(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    if (!closed_) stored_ += bytes;
  }

  // All that is stored; empty where there is nothing. Never blocks.
  std::string Take() {
    std::lock_guard lock(mutex_);
    room_.notify_all();
    return std::exchange(stored_, {});
  }

  // From now on Push() returns false, also where it waits.
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
  }

 private:
  const size_t limit_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::string stored_;   // GUARDED_BY(mutex_)
  bool closed_ = false;  // GUARDED_BY(mutex_)
};

}  // namespace crm::gateway
