// Which prefix of a dense sequence is acknowledged while acknowledgements come in any order: the
// relay's cursor may move to seq only when everything up to seq is safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace crm::kafka {

// Pure; not synchronised. Memory is one byte for each number between the prefix and the last one
// added.
class AckTracker {
 public:
  // Everything up to `prefix` counts as acknowledged; the first number to add is prefix + 1.
  explicit AckTracker(uint64_t prefix) : prefix_(prefix) {}

  // `seq` is on its way. False, and nothing happens, unless it is the successor of the last one
  // added.
  bool Add(uint64_t seq);
  // `seq` is safe. Returns the prefix after that. A number that was never added, or is acknowledged
  // already, changes nothing: a report that comes twice or too late does no harm.
  uint64_t Acked(uint64_t seq);

  uint64_t prefix() const { return prefix_; }
  // The last one added; the prefix where none is.
  uint64_t last() const { return prefix_ + window_.size(); }
  // Added and not acknowledged.
  size_t outstanding() const { return outstanding_; }

 private:
  uint64_t prefix_;
  std::deque<bool>
      window_;  // [i] tells whether prefix_ + 1 + i is acknowledged; never starts with true
  size_t outstanding_ = 0;
};

}  // namespace crm::kafka
