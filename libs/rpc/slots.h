// Slots: how many calls may be under way. Private to libs/rpc.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace crm::rpc {

// Thread-safe; lives as long as the last slot taken from it.
class Slots : public std::enable_shared_from_this<Slots> {
 public:
  explicit Slots(size_t limit) : limit_(limit) {}

  // Gives its slot back when the last copy is gone. Null where none is free.
  std::shared_ptr<void> Take() {
    if (taken_.fetch_add(1) >= limit_) {
      --taken_;
      return nullptr;
    }
    return std::shared_ptr<void>(this, [slots = shared_from_this()](void*) { --slots->taken_; });
  }

 private:
  const size_t limit_;
  std::atomic<size_t> taken_ = 0;
};

}  // namespace crm::rpc
