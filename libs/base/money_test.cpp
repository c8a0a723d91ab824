#include "libs/base/money.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <random>

namespace crm {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

Money Ils(int64_t minor) {
  return Money::Make(minor, "ILS").value();
}

std::vector<int64_t> Minor(const std::vector<Money>& parts) {
  std::vector<int64_t> amounts;
  for (const Money& part : parts) amounts.push_back(part.amount_minor());
  return amounts;
}

TEST(Currency, KnowsTheDecimalsOfTheStandard) {
  EXPECT_EQ(Currency::Parse("AED")->exponent(), 2);  // first of the table
  EXPECT_EQ(Currency::Parse("ILS")->exponent(), 2);
  EXPECT_EQ(Currency::Parse("JPY")->exponent(), 0);
  EXPECT_EQ(Currency::Parse("KWD")->exponent(), 3);
  EXPECT_EQ(Currency::Parse("CLF")->exponent(), 4);
  EXPECT_EQ(Currency::Parse("ZWL")->exponent(), 2);  // last of the table
  EXPECT_EQ(Currency::Parse("ILS")->code(), "ILS");
}

TEST(Currency, RefusesWhatTheStandardDoesNotList) {
  for (std::string_view code :
       {"", "IL", "ils", "ILSX", "NIS", "XAU", "XXX", "LS2", "AAA", "ZZZ"}) {
    auto currency = Currency::Parse(code);
    ASSERT_FALSE(currency.ok()) << code;
    EXPECT_EQ(currency.status().reason(), "CURRENCY_UNKNOWN");
    EXPECT_EQ(currency.status().metadata().at("currency"), code);
  }
}

struct TextRow {
  std::string text;
  int64_t minor;
  std::string formatted;
};

TEST(Money, ParsesAndFormats) {
  const TextRow rows[] = {
      {"12.50 ILS", 1250, "12.50 ILS"},
      {"12.5 ILS", 1250, "12.50 ILS"},
      {"12 ILS", 1200, "12.00 ILS"},
      {"0.05 ILS", 5, "0.05 ILS"},
      {"-0.05 ILS", -5, "-0.05 ILS"},
      {"-12.50 ILS", -1250, "-12.50 ILS"},
      {"0 ILS", 0, "0.00 ILS"},
      {"-0 ILS", 0, "0.00 ILS"},
      {"007 JPY", 7, "7 JPY"},
      {"1.234 KWD", 1234, "1.234 KWD"},
      {"92233720368547758.07 ILS", kMax, "92233720368547758.07 ILS"},
      {"-92233720368547758.08 ILS", kMin, "-92233720368547758.08 ILS"},
  };
  for (const auto& row : rows) {
    auto money = Money::Parse(row.text);
    ASSERT_TRUE(money.ok()) << row.text << ": " << money.status().ToString();
    EXPECT_EQ(money->amount_minor(), row.minor) << row.text;
    EXPECT_EQ(money->ToString(), row.formatted);
    EXPECT_EQ(*Money::Parse(money->ToString()), *money);
  }
}

TEST(Money, RefusesTextThatIsNotAnAmount) {
  for (std::string_view text : {"", "12.50", "ILS", " ILS", "12.50  ILS", "12.505 ILS", "12. ILS",
                                ".5 ILS", "1,000 ILS", "+1 ILS", "--1 ILS", "- ILS", "1e3 ILS",
                                "1.5 JPY", "1.2.3 KWD", "0x10 ILS", "12.50 ils", "12.50 ILS "}) {
    EXPECT_FALSE(Money::Parse(text).ok()) << text;
  }
  EXPECT_EQ(Money::Parse("92233720368547758.08 ILS").status().reason(), "MONEY_OVERFLOW");
  EXPECT_EQ(Money::Parse("-92233720368547758.09 ILS").status().reason(), "MONEY_OVERFLOW");
  EXPECT_EQ(Money::Parse(std::string(200, '9') + " ILS").status().reason(), "MONEY_OVERFLOW");
  EXPECT_EQ(Money::Parse("12.505 ILS").status().reason(), "MONEY_MALFORMED");
}

TEST(Money, AddsAndSubtractsUpToTheBorderAndNotOver) {
  EXPECT_EQ(*Ils(kMax - 1).Plus(Ils(1)), Ils(kMax));
  EXPECT_EQ(Ils(kMax).Plus(Ils(1)).status().code(), Code::kOutOfRange);
  EXPECT_EQ(*Ils(kMin + 1).Minus(Ils(1)), Ils(kMin));
  EXPECT_EQ(Ils(kMin).Minus(Ils(1)).status().reason(), "MONEY_OVERFLOW");
  EXPECT_EQ(Ils(kMin).Negated().status().reason(), "MONEY_OVERFLOW");
  EXPECT_EQ(*Ils(-7).Negated(), Ils(7));
  EXPECT_EQ(*Ils(-7).Times(-3), Ils(21));
  EXPECT_EQ(Ils(kMax / 2 + 1).Times(2).status().reason(), "MONEY_OVERFLOW");
}

TEST(Money, NeverMixesCurrencies) {
  Money shekel = Ils(100);
  Money dollar = *Money::Make(100, "USD");
  EXPECT_EQ(shekel.Plus(dollar).status().reason(), "CURRENCY_MISMATCH");
  EXPECT_EQ(shekel.Minus(dollar).status().metadata().at("right"), "USD");
  EXPECT_EQ(shekel.Compare(dollar).status().reason(), "CURRENCY_MISMATCH");
  EXPECT_NE(shekel, dollar);
  EXPECT_TRUE(*Ils(-1).Compare(Ils(1)) < 0);
}

TEST(Money, RoundsAsItIsTold) {
  struct Row {
    int64_t amount, numerator, denominator;
    int64_t half_away, half_even, toward, away;
  };
  const Row rows[] = {
      {5, 1, 2, 3, 2, 2, 3},    {-5, 1, 2, -3, -2, -2, -3}, {5, -1, 2, -3, -2, -2, -3},
      {-5, 1, -2, 3, 2, 2, 3},  {3, 1, 2, 2, 2, 1, 2},      {7, 1, 3, 2, 2, 2, 3},
      {8, 1, 3, 3, 3, 2, 3},    {6, 1, 3, 2, 2, 2, 2},      {1000, 17, 100, 170, 170, 170, 170},
      {1, 1, 1000, 0, 0, 0, 1}, {0, 5, 7, 0, 0, 0, 0},
  };
  for (const auto& row : rows) {
    auto round = [&](Rounding rounding) {
      return Ils(row.amount).TimesRatio(row.numerator, row.denominator, rounding)->amount_minor();
    };
    SCOPED_TRACE(std::to_string(row.amount) + " * " + std::to_string(row.numerator) + " / " +
                 std::to_string(row.denominator));
    EXPECT_EQ(round(Rounding::kHalfAwayFromZero), row.half_away);
    EXPECT_EQ(round(Rounding::kHalfEven), row.half_even);
    EXPECT_EQ(round(Rounding::kTowardZero), row.toward);
    EXPECT_EQ(round(Rounding::kAwayFromZero), row.away);
  }
}

TEST(Money, KeepsRatiosExactWhereTheProductNeedsMoreThan64Bits) {
  EXPECT_EQ(*Ils(kMax).TimesRatio(kMax, kMax, Rounding::kTowardZero), Ils(kMax));
  EXPECT_EQ(*Ils(kMin).TimesRatio(kMin, kMin, Rounding::kHalfEven), Ils(kMin));
  EXPECT_EQ(Ils(kMax).TimesRatio(2, 1, Rounding::kTowardZero).status().reason(), "MONEY_OVERFLOW");
  EXPECT_EQ(Ils(1).TimesRatio(1, 0, Rounding::kTowardZero).status().reason(),
            "MONEY_RATIO_INVALID");
}

TEST(Money, AllocatesTheLastUnitToTheLargestFraction) {
  EXPECT_THAT(Minor(*Ils(100).Allocate(std::vector<int64_t>{1, 1, 1})), ElementsAre(34, 33, 33));
  EXPECT_THAT(Minor(*Ils(-100).Allocate(std::vector<int64_t>{1, 1, 1})),
              ElementsAre(-34, -33, -33));
  EXPECT_THAT(Minor(*Ils(5).Allocate(std::vector<int64_t>{3, 7})), ElementsAre(2, 3));
  EXPECT_THAT(Minor(*Ils(10).Allocate(std::vector<int64_t>{1, 2, 4})), ElementsAre(1, 3, 6));
  EXPECT_THAT(Minor(*Ils(1).Allocate(std::vector<int64_t>{0, 1, 0})), ElementsAre(0, 1, 0));
  EXPECT_THAT(Minor(*Ils(0).Allocate(std::vector<int64_t>{2, 1})), ElementsAre(0, 0));
  EXPECT_THAT(Minor(*Ils(kMin).Allocate(std::vector<int64_t>{kMax})), ElementsAre(kMin));
}

TEST(Money, AllocationLosesNothingWhateverTheNumbers) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    Money whole = Ils(static_cast<int64_t>(random()));
    std::vector<int64_t> weights(1 + random() % 12);
    for (auto& weight : weights)
      weight = static_cast<int64_t>(random() >> (2 + random() % 60)) / 12;
    weights[0] += 1;
    auto parts = whole.Allocate(weights);
    ASSERT_TRUE(parts.ok());
    Money sum = Ils(0);
    for (size_t i = 0; i < weights.size(); ++i) {
      const Money& part = (*parts)[i];
      EXPECT_TRUE(weights[i] != 0 || part.is_zero());
      sum = *sum.Plus(part);
    }
    EXPECT_EQ(sum, whole);
  }
}

TEST(Money, RefusesWeightsThatCannotBeSharedBy) {
  for (const auto& weights :
       std::vector<std::vector<int64_t>>{{}, {0, 0}, {2, -1}, {kMax, 1}, {-1, -1}}) {
    EXPECT_EQ(Ils(10).Allocate(weights).status().reason(), "MONEY_RATIO_INVALID");
  }
}

}  // namespace
}  // namespace crm
