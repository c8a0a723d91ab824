#include "libs/kafka/ack_tracker.h"

namespace crm::kafka {

bool AckTracker::Add(uint64_t seq) {
  if (seq != last() + 1) return false;
  window_.push_back(false);
  ++outstanding_;
  return true;
}

uint64_t AckTracker::Acked(uint64_t seq) {
  if (seq <= prefix_ || seq > last() || window_[seq - prefix_ - 1]) return prefix_;
  window_[seq - prefix_ - 1] = true;
  --outstanding_;
  while (!window_.empty() && window_.front()) {
    window_.pop_front();
    ++prefix_;
  }
  return prefix_;
}

}  // namespace crm::kafka
