#include "tests/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace crm::bench {

// Values below 2^(kSubBits + 1) have a bucket each; above, every doubling has 2^kSubBits of them.
void Histogram::Add(std::chrono::nanoseconds value) {
  auto nanos = static_cast<uint64_t>(std::max<int64_t>(0, value.count()));
  int shift = std::max(0, static_cast<int>(std::bit_width(nanos)) - kSubBits - 1);
  size_t index = (static_cast<size_t>(shift) << kSubBits) + (nanos >> shift);
  ++buckets_[std::min(index, buckets_.size() - 1)];
  ++count_;
}

void Histogram::Add(const Histogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

double Histogram::Quantile(double share) const {
  auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen == 0 || seen < wanted) continue;
    size_t shift = i < (size_t{2} << kSubBits) ? 0 : (i >> kSubBits) - 1;
    uint64_t end = ((i - (shift << kSubBits)) + 1) << shift;
    return static_cast<double>(end) / 1000;
  }
  return 0;
}

}  // namespace crm::bench
