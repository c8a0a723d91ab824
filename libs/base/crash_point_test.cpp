#include "libs/base/crash_point.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>

namespace crm {
namespace {

#ifdef CRM_CRASH_POINTS

// Reaches two points ten times each in turn and then exits with the number of rounds it survived.
[[noreturn]] void TenRounds(const char* crash_at) {
  setenv("CRM_CRASH_AT", crash_at, 1);
  int rounds = 0;
  for (; rounds < 10; ++rounds) {
    CrashPoint("test.first");
    if (rounds == 2) std::fputs("third round\n", stderr);
    CrashPoint("test.second");
  }
  std::_Exit(rounds);
}

TEST(CrashPointDeathTest, KillsAtTheNthHitOfTheNamedPoint) {
  EXPECT_EXIT(TenRounds("test.second:3"), testing::KilledBySignal(SIGKILL), "third round");
}

TEST(CrashPointDeathTest, MeansTheFirstHitWhereNoNumberIsGiven) {
  EXPECT_EXIT(TenRounds("test.first"), testing::KilledBySignal(SIGKILL), "^$");
}

TEST(CrashPointDeathTest, LeavesTheProcessAloneWhereItIsNotMeant) {
  EXPECT_EXIT(TenRounds("test.other:1"), testing::ExitedWithCode(10), "");
  EXPECT_EXIT(TenRounds("test.first:11"), testing::ExitedWithCode(10), "");
  EXPECT_EXIT(TenRounds(""), testing::ExitedWithCode(10), "");
}

#else

TEST(CrashPoint, IsNothingInThisBuild) {
  setenv("CRM_CRASH_AT", "test.first", 1);
  CrashPoint("test.first");
  unsetenv("CRM_CRASH_AT");
}

#endif

}  // namespace
}  // namespace crm
