#include "libs/command/group_pace.h"

#include <gtest/gtest.h>

namespace crm {
namespace {

TEST(GroupPace, LetsWhoeverIsAloneWaitForNothing) {
  GroupPace pace;
  EXPECT_LE(pace.Expected(), 1u);
  for (int i = 0; i < 20; ++i) {
    pace.Took(1);
    EXPECT_EQ(pace.Expected(), 1u);
  }
}

TEST(GroupPace, ExpectsAsManyAsCameTogetherAMomentAgo) {
  GroupPace pace;
  for (size_t calls : {1, 7, 1}) pace.Took(calls);
  EXPECT_EQ(pace.Expected(), 7u);
  for (int i = 0; i < 8; ++i) pace.Took(1);
  EXPECT_EQ(pace.Expected(), 1u) << "they have gone";
}

TEST(GroupPace, ExpectsNoMoreThanMakesAGroupWorthItsPrice) {
  GroupPace pace;
  pace.Took(64);
  EXPECT_EQ(pace.Expected(), GroupPace::kEnough);
}

}  // namespace
}  // namespace crm
