// Gatherer: does together what waits. What arrives while a lane is free is served at once, alone,
// by the thread that brings it; what arrives while all lanes are busy waits and is served together
// by the first that is free again. So groups grow with the load, and nothing waits for company.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
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

  // Returns when the item is left to a busy lane, or, where one was free, when nothing waits any
  // more.
  void Add(Item item) {
    {
      std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(item));
      if (busy_ == lanes_) return;
      ++busy_;
    }
    for (auto group = Take(); !group.empty(); group = Take()) serve_(std::move(group));
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
