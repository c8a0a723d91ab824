// GroupPace: for how many calls the committer waits before it begins a group.
//
// Eight callers who ask again as soon as they are answered come in two parts, one call and then the
// seven that came while it was stored, and each group has a price of its own (a flush, two round
// trips, a request to the broker). So a group waits a moment for as many calls as there were in the
// groups before. Whoever is alone waits for nothing, and where more come than kEnough a group is
// worth its price anyway.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace crm {

// Not thread-safe: the committing thread's.
class GroupPace {
 public:
  static constexpr size_t kEnough = 8;
  // The longest that a call waits for others.
  static constexpr auto kPatience = std::chrono::milliseconds(1);

  // With so many calls a group begins at once.
  size_t Expected() const { return std::min(kEnough, std::ranges::max(recent_)); }
  // A group of so many calls was taken.
  void Took(size_t calls) { recent_[next_++ % recent_.size()] = calls; }

 private:
  // So long ago that a caller who has gone is forgotten soon, and one who was late once is not.
  std::array<size_t, 8> recent_{};
  size_t next_ = 0;
};

}  // namespace crm
