#include "libs/base/uuid.h"

#include <gtest/gtest.h>

#include <set>
#include <unordered_set>

namespace crm {
namespace {

Time At(std::string_view text) {
  return *ParseTime(text);
}

int Version(const Uuid& id) {
  return id.bytes[6] >> 4;
}
int Variant(const Uuid& id) {
  return id.bytes[8] >> 6;
}

TEST(Uuid, TextFormIsThatOfTheStandardBothWays) {
  auto id = Uuid::Parse("0190163D-8694-739b-AEA5-966c26f8ad91");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->ToString(), "0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(Uuid::Parse(id->ToString()), id);
}

TEST(Uuid, RefusesEveryOtherForm) {
  for (std::string_view text :
       {"", "0190163d8694739baea5966c26f8ad91", "0190163d-8694-739b-aea5-966c26f8ad9",
        "0190163d-8694-739b-aea5-966c26f8ad911", "{190163d-8694-739b-aea5-966c26f8ad9}",
        "0190163g-8694-739b-aea5-966c26f8ad91", "0190163d-8694-739b-aea5-966c26f8ad-1",
        "0190163d_8694_739b_aea5_966c26f8ad91"}) {
    EXPECT_FALSE(Uuid::Parse(text).has_value()) << text;
  }
}

TEST(Uuid, Version7CarriesTheTimeInItsFirst48Bits) {
  // The example of RFC 9562, appendix A.6.
  Uuid id = MakeUuid7(At("2022-02-22T19:22:22Z"),
                      {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f});
  EXPECT_EQ(id.ToString(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(Uuid, Version7IdsSortByTimeAsBytesAndAsText) {
  std::array<uint8_t, 10> low{};
  std::array<uint8_t, 10> high;
  high.fill(0xff);
  Time time = At("2026-11-22T04:15:00Z");
  for (int step = 0; step < 5000; ++step) {
    Uuid earlier = MakeUuid7(time, high);
    time += std::chrono::milliseconds(1 + step * 7919);
    Uuid later = MakeUuid7(time, low);
    ASSERT_LT(earlier, later);
    ASSERT_LT(earlier.ToString(), later.ToString());
  }
}

TEST(DeriveUuid7, GivesTheSameIdForTheSameInputsAndAnotherForAnyOther) {
  Time time = At("2026-11-22T04:15:00Z");
  Uuid seed = NamedUuid("call", "1");
  Uuid id = DeriveUuid7(time, seed, "lead/0");
  EXPECT_EQ(id, DeriveUuid7(time, seed, "lead/0"));
  EXPECT_EQ(Version(id), 7);
  EXPECT_EQ(Variant(id), 2);
  EXPECT_NE(id, DeriveUuid7(time, seed, "lead/1"));
  EXPECT_NE(id, DeriveUuid7(time, NamedUuid("call", "2"), "lead/0"));
  EXPECT_NE(id, DeriveUuid7(time + std::chrono::milliseconds(1), seed, "lead/0"));
}

TEST(NamedUuid, IsFixedForEverAndFramesItsParts) {
  // Imports find their rows again by these ids: the value may never change.
  EXPECT_EQ(NamedUuid("leads", "row-1").ToString(), "03415541-38e8-8448-b1de-6e0e06d8e63d");
  EXPECT_EQ(Version(NamedUuid("a", "b")), 8);
  EXPECT_NE(NamedUuid("ab", "c"), NamedUuid("a", "bc"));
}

TEST(RandomIds, AreDistinct) {
  ManualClock clock(At("2026-11-22T04:15:00Z"));
  auto ids = MakeRandomIds(clock);
  std::unordered_set<Uuid> seen;
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(ids->Next()).second);
}

TEST(SeededIds, RepeatForTheSameSeedOnly) {
  ManualClock clock(At("2026-11-22T04:15:00Z"));
  auto first = MakeSeededIds(clock, 1);
  auto again = MakeSeededIds(clock, 1);
  auto other = MakeSeededIds(clock, 2);
  std::set<Uuid> seen;
  for (int i = 0; i < 100; ++i) {
    Uuid id = first->Next();
    EXPECT_EQ(id, again->Next());
    EXPECT_NE(id, other->Next());
    EXPECT_TRUE(seen.insert(id).second);
  }
}

}  // namespace
}  // namespace crm
