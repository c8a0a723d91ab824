// Money: integer minor units of an ISO 4217 currency. Never a double, never a silent overflow,
// never a lost agora.
//
//   auto price = Money::Parse("12.50 ILS");             // 1250 minor units
//   auto total = price->Times(3);                        // 37.50 ILS
//   auto vat = total->TimesRatio(17, 100, Rounding::kHalfAwayFromZero);
//   auto parts = total->Allocate(std::vector<int64_t>{1, 1, 1});  // their sum is the total, always
//
// Text form: amount " " code, where amount is [-]digits[.digits] with at most as many decimals as
// the currency has; no thousands separators. ToString() writes all decimals, and Parse(ToString())
// is the same value.
//
// Values; not synchronised. Errors: CURRENCY_UNKNOWN, CURRENCY_MISMATCH and MONEY_MALFORMED are
// INVALID_ARGUMENT, MONEY_OVERFLOW is OUT_OF_RANGE.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace crm {

// One of the currencies of ISO 4217 that have a minor unit (metals and test codes have none), with
// the few codes that were withdrawn since 2020, which old records still carry.
class Currency {
 public:
  // Upper case, as the standard writes it.
  static Result<Currency> Parse(std::string_view code);
  std::string_view code() const;
  // Decimals of the minor unit: ILS 2, JPY 0, KWD 3.
  int exponent() const;
  bool operator==(const Currency&) const = default;

 private:
  explicit Currency(uint16_t index) : index_(index) {}
  uint16_t index_;
};

enum class Rounding {
  kHalfAwayFromZero,  // 0.5 -> 1, -0.5 -> -1: what tax offices mean
  kHalfEven,          // 0.5 -> 0, 1.5 -> 2: no drift over many sums
  kTowardZero,
  kAwayFromZero,
};

class Money {
 public:
  Money(int64_t amount_minor, Currency currency)
      : amount_minor_(amount_minor), currency_(currency) {}
  static Result<Money> Make(int64_t amount_minor, std::string_view currency_code);
  // "12.50 ILS".
  static Result<Money> Parse(std::string_view text);
  // "12.50" as an amount of `currency`; refuses more decimals than the currency has.
  static Result<Money> FromDecimal(std::string_view amount, Currency currency);

  int64_t amount_minor() const { return amount_minor_; }
  Currency currency() const { return currency_; }
  bool is_zero() const { return amount_minor_ == 0; }
  std::string ToString() const;

  Result<Money> Plus(const Money& other) const;
  Result<Money> Minus(const Money& other) const;
  Result<Money> Negated() const;
  Result<Money> Times(int64_t count) const;
  // amount * numerator / denominator, exact until the one rounding at the end.
  Result<Money> TimesRatio(int64_t numerator, int64_t denominator, Rounding rounding) const;
  // Shares in proportion to `weights` (none negative, at least one positive) whose sum is exactly
  // this amount. Units that do not divide go to the largest fractions, equal ones in order of
  // position.
  Result<std::vector<Money>> Allocate(std::span<const int64_t> weights) const;

  // Amounts of different currencies are unequal and cannot be ordered.
  bool operator==(const Money&) const = default;
  Result<std::strong_ordering> Compare(const Money& other) const;

 private:
  int64_t amount_minor_;
  Currency currency_;
};

}  // namespace crm
