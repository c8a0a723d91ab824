// Gatherer: does together what waits. What arrives while a lane is free takes it and is served as
// soon as a thread works there; what arrives while all lanes are busy waits and is served together
// by the first that is free again. So groups grow with the load, and nothing waits for company.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace crm {

// Thread-safe.
template <class Item>
class Gatherer {
 public:
  // Gets at least one item, in the order of arrival; runs in up to `lanes` threads at a time.
  using Serve = std::function<void(std::vector<Item>)>;

  Gatherer(size_t lanes, size_t group_limit, Serve serve)
      : lanes_(lanes), group_limit_(group_limit), serve_(std::move(serve)) {}

  // Never waits. True: a lane was free and is the caller's now, who has Work() run on some thread,
  // or gives it up by Leave().
  [[nodiscard]] bool Add(Item item) {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(item));
    if (busy_ == lanes_) return false;
    ++busy_;
    return true;
  }
  // Serves until nothing waits any more; then the lane is free again.
  void Work() {
    for (auto group = Take(); !group.empty(); group = Take()) serve_(std::move(group));
  }
  // Frees the lane. What waits is the caller's where no other lane is left to serve it.
  [[nodiscard]] std::deque<Item> Leave() {
    std::lock_guard lock(mutex_);
    if (--busy_ > 0) return {};
    return std::exchange(waiting_, {});
  }

 private:
  // Empty: the lane is free again.
  std::vector<Item> Take() {
    std::vector<Item> group;
    std::lock_guard lock(mutex_);
    while (!waiting_.empty() && group.size() < group_limit_) {
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    if (group.empty()) --busy_;
    return group;
  }

  const size_t lanes_;
  const size_t group_limit_;
  const Serve serve_;
  std::mutex mutex_;
  std::deque<Item> waiting_;  // GUARDED_BY(mutex_)
  size_t busy_ = 0;           // lanes; GUARDED_BY(mutex_)
};

}  // namespace crm
