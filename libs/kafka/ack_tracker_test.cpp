#include "libs/kafka/ack_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace crm::kafka {
namespace {

TEST(AckTracker, MovesThePrefixOverWhatIsContiguous) {
  AckTracker tracker(10);
  for (uint64_t seq = 11; seq <= 14; ++seq) EXPECT_TRUE(tracker.Add(seq));
  EXPECT_EQ(tracker.Acked(12), 10u);
  EXPECT_EQ(tracker.Acked(14), 10u);
  EXPECT_EQ(tracker.Acked(11), 12u);
  EXPECT_EQ(tracker.outstanding(), 1u);
  EXPECT_EQ(tracker.Acked(13), 14u);
  EXPECT_EQ(tracker.outstanding(), 0u);
  EXPECT_EQ(tracker.last(), 14u);
}

TEST(AckTracker, RefusesANumberThatIsNotTheNext) {
  AckTracker tracker(0);
  EXPECT_FALSE(tracker.Add(2));
  EXPECT_TRUE(tracker.Add(1));
  EXPECT_FALSE(tracker.Add(1));
  EXPECT_FALSE(tracker.Add(3));
  EXPECT_EQ(tracker.last(), 1u);
}

TEST(AckTracker, IgnoresReportsThatAreUnknownRepeatedOrLate) {
  AckTracker tracker(5);
  tracker.Add(6);
  tracker.Add(7);
  EXPECT_EQ(tracker.Acked(8), 5u);
  EXPECT_EQ(tracker.Acked(3), 5u);
  EXPECT_EQ(tracker.Acked(7), 5u);
  EXPECT_EQ(tracker.Acked(7), 5u);
  EXPECT_EQ(tracker.outstanding(), 1u);
  EXPECT_EQ(tracker.Acked(6), 7u);
  EXPECT_EQ(tracker.Acked(6), 7u);
}

TEST(AckTracker, AgreesWithASetForEveryOrderTried) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::vector<uint64_t> order(200);
    for (size_t i = 0; i < order.size(); ++i) order[i] = i + 1;
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    AckTracker tracker(0);
    for (uint64_t seq = 1; seq <= order.size(); ++seq) ASSERT_TRUE(tracker.Add(seq));
    std::vector<bool> acked(order.size() + 2, false);
    for (uint64_t seq : order) {
      acked[seq] = true;
      uint64_t expected = 0;
      while (acked[expected + 1]) ++expected;
      ASSERT_EQ(tracker.Acked(seq), expected) << "seed " << seed << " seq " << seq;
    }
    EXPECT_EQ(tracker.prefix(), order.size());
  }
}

}  // namespace
}  // namespace crm::kafka
