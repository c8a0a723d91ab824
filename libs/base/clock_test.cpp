#include "libs/base/clock.h"

#include <gtest/gtest.h>

namespace crm {
namespace {

Time At(int64_t micros) {
  return Time(Duration(micros));
}

TEST(FormatTime, WritesAsManyFractionalDigitsAsNeeded) {
  EXPECT_EQ(FormatTime(At(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime(At(250'000)), "1970-01-01T00:00:00.250Z");
  EXPECT_EQ(FormatTime(At(250'001)), "1970-01-01T00:00:00.250001Z");
  EXPECT_EQ(FormatTime(At(1)), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(FormatTime(At(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatTime(At(951'782'400'000'000)), "2000-02-29T00:00:00Z");
}

TEST(ParseTime, AcceptsEveryFormOfTheStandard) {
  struct Row {
    std::string_view text;
    std::string_view utc;
  };
  const Row rows[] = {
      {"2026-11-22T04:15:00Z", "2026-11-22T04:15:00Z"},
      {"2026-11-22t04:15:00z", "2026-11-22T04:15:00Z"},
      {"2026-11-22 04:15:00Z", "2026-11-22T04:15:00Z"},
      {"2026-11-22T04:15:00.5Z", "2026-11-22T04:15:00.500Z"},
      {"2026-11-22T04:15:00.123456Z", "2026-11-22T04:15:00.123456Z"},
      {"2026-11-22T04:15:00.123456999Z", "2026-11-22T04:15:00.123456Z"},
      {"2026-11-22T04:15:00+02:00", "2026-11-22T02:15:00Z"},
      {"2026-11-22T23:15:00-05:30", "2026-11-23T04:45:00Z"},
      {"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
      {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
      {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
  };
  for (const auto& row : rows) {
    auto time = ParseTime(row.text);
    ASSERT_TRUE(time.has_value()) << row.text;
    EXPECT_EQ(FormatTime(*time), row.utc) << row.text;
  }
}

TEST(ParseTime, RefusesWhatIsNotATime) {
  for (std::string_view text : {"",
                                "2026",
                                "2026-11-22",
                                "2026-11-22T04:15Z",
                                "2026-11-22T04:15:00",
                                "2026-11-22T04:15:00.Z",
                                "2026-13-01T00:00:00Z",
                                "2026-00-01T00:00:00Z",
                                "2026-02-30T00:00:00Z",
                                "2023-02-29T00:00:00Z",
                                "2026-11-22T24:00:00Z",
                                "2026-11-22T04:60:00Z",
                                "2026-11-22T04:15:60Z",
                                "2026-11-22T04:15:00+24:00",
                                "2026-11-22T04:15:00+02:60",
                                "2026-11-22T04:15:00+0200",
                                "2026-11-22T04:15:00Z ",
                                " 2026-11-22T04:15:00Z",
                                "+026-11-22T04:15:00Z",
                                "yesterday"}) {
    EXPECT_FALSE(ParseTime(text).has_value()) << text;
  }
}

TEST(ManualClock, StandsStillUntilItIsMoved) {
  ManualClock clock(At(5));
  EXPECT_EQ(clock.Now(), At(5));
  clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(clock.Now(), At(1'000'005));
  clock.Set(At(3));
  EXPECT_EQ(clock.Now(), At(3));
}

}  // namespace
}  // namespace crm
