// Histogram: how long things took, in buckets that are 1/64 of their value wide. (Debian 12 has no
// HdrHistogram for C++; this is its idea.)
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace crm::bench {

// Not thread-safe.
class Histogram {
 public:
  // Below zero counts as zero.
  void Add(std::chrono::nanoseconds value);
  void Add(const Histogram& other);
  uint64_t count() const { return count_; }
  // In microseconds, too high by 1/64 at most: the value that `share` (0 to 1) of all do not
  // exceed.
  double Quantile(double share) const;
  double max() const { return Quantile(1.0); }

 private:
  static constexpr int kSubBits = 6;
  static constexpr int kRanks = 48;

  std::array<uint64_t, (kRanks + 1) << kSubBits> buckets_{};
  uint64_t count_ = 0;
};

}  // namespace crm::bench
