#include "libs/base/money.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

namespace crm {

namespace {

__extension__ typedef __int128 Wide;

// Code and exponent of each currency, four characters each, sorted.
constexpr std::string_view kCurrencies =
    "AED2AFN2ALL2AMD2ANG2AOA2ARS2AUD2AWG2AZN2BAM2BBD2BDT2BGN2BHD3BIF0BMD2BND2BOB2BOV2BRL2BSD2"
    "BTN2BWP2BYN2BZD2CAD2CDF2CHE2CHF2CHW2CLF4CLP0CNY2COP2COU2CRC2CUC2CUP2CVE2CZK2DJF0DKK2DOP2"
    "DZD2EGP2ERN2ETB2EUR2FJD2FKP2GBP2GEL2GHS2GIP2GMD2GNF0GTQ2GYD2HKD2HNL2HRK2HTG2HUF2IDR2ILS2"
    "INR2IQD3IRR2ISK0JMD2JOD3JPY0KES2KGS2KHR2KMF0KPW2KRW0KWD3KYD2KZT2LAK2LBP2LKR2LRD2LSL2LYD3"
    "MAD2MDL2MGA2MKD2MMK2MNT2MOP2MRU2MUR2MVR2MWK2MXN2MXV2MYR2MZN2NAD2NGN2NIO2NOK2NPR2NZD2OMR3"
    "PAB2PEN2PGK2PHP2PKR2PLN2PYG0QAR2RON2RSD2RUB2RWF0SAR2SBD2SCR2SDG2SEK2SGD2SHP2SLE2SLL2SOS2"
    "SRD2SSP2STN2SVC2SYP2SZL2THB2TJS2TMT2TND3TOP2TRY2TTD2TWD2TZS2UAH2UGX0USD2USN2UYI0UYU2UYW4"
    "UZS2VED2VES2VND0VUV0WST2XAF0XCD2XCG2XOF0XPF0YER2ZAR2ZMW2ZWG2ZWL2";
constexpr size_t kStride = 4;
constexpr size_t kCount = kCurrencies.size() / kStride;

constexpr std::string_view CodeAt(size_t index) {
  return kCurrencies.substr(index * kStride, 3);
}

constexpr bool Sorted() {
  for (size_t i = 1; i < kCount; ++i) {
    if (CodeAt(i - 1) >= CodeAt(i)) return false;
  }
  return kCurrencies.size() % kStride == 0;
}
static_assert(Sorted());

Status Overflow() {
  return Status(Code::kOutOfRange, "MONEY_OVERFLOW",
                "The amount does not fit in 64 bits of minor units; use smaller amounts.");
}

Status Malformed(std::string_view text) {
  Status status =
      InvalidArgument("MONEY_MALFORMED",
                      "'" + std::string(text) + "' is not an amount; write it like '12.50 ILS'.");
  status.With("text", std::string(text));
  return status;
}

Status Mismatch(Currency left, Currency right) {
  Status status =
      InvalidArgument("CURRENCY_MISMATCH", "Amounts in " + std::string(left.code()) + " and " +
                                               std::string(right.code()) + " cannot be combined.");
  status.With("left", std::string(left.code())).With("right", std::string(right.code()));
  return status;
}

Result<Money> Narrow(Wide amount, Currency currency) {
  if (amount > std::numeric_limits<int64_t>::max() ||
      amount < std::numeric_limits<int64_t>::min()) {
    return Overflow();
  }
  return Money(static_cast<int64_t>(amount), currency);
}

// `amount` without its sign, as digits with `exponent` decimals.
std::string Digits(uint64_t amount, size_t exponent) {
  std::string digits = std::to_string(amount);
  if (exponent == 0) return digits;
  if (digits.size() <= exponent) digits.insert(0, exponent + 1 - digits.size(), '0');
  return digits.insert(digits.size() - exponent, ".");
}

// numerator / denominator, both not negative, with the remainder rounded.
Wide DivideMagnitude(Wide numerator, Wide denominator, Rounding rounding) {
  Wide quotient = numerator / denominator;
  Wide remainder = numerator % denominator;
  if (remainder == 0) return quotient;
  Wide rest = denominator - remainder;
  switch (rounding) {
    case Rounding::kTowardZero:
      return quotient;
    case Rounding::kAwayFromZero:
      return quotient + 1;
    case Rounding::kHalfAwayFromZero:
      return remainder >= rest ? quotient + 1 : quotient;
    case Rounding::kHalfEven:
      if (remainder == rest) return quotient + quotient % 2;
      return remainder > rest ? quotient + 1 : quotient;
  }
  return quotient;
}

// The sum of weights, or nothing where the weights cannot be shared by.
std::optional<Wide> TotalWeight(std::span<const int64_t> weights) {
  Wide total = 0;
  for (int64_t weight : weights) {
    if (weight < 0) return std::nullopt;
    total += weight;
  }
  // Keeps amount * weight within 128 bits and the total itself meaningful.
  if (total <= 0 || total > std::numeric_limits<int64_t>::max()) return std::nullopt;
  return total;
}

}  // namespace

Result<Currency> Currency::Parse(std::string_view code) {
  size_t low = 0;
  size_t high = kCount;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (CodeAt(middle) == code) return Currency(static_cast<uint16_t>(middle));
    if (CodeAt(middle) < code) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  Status status = InvalidArgument(
      "CURRENCY_UNKNOWN", "'" + std::string(code) + "' is not a currency code of ISO 4217.");
  status.With("currency", std::string(code));
  return status;
}

std::string_view Currency::code() const {
  return CodeAt(index_);
}

int Currency::exponent() const {
  return kCurrencies[index_ * kStride + 3] - '0';
}

Result<Money> Money::Make(int64_t amount_minor, std::string_view currency_code) {
  auto currency = Currency::Parse(currency_code);
  if (!currency) return currency.status();
  return Money(amount_minor, *currency);
}

Result<Money> Money::Parse(std::string_view text) {
  size_t space = text.find(' ');
  if (space == std::string_view::npos) return Malformed(text);
  auto currency = Currency::Parse(text.substr(space + 1));
  if (!currency) return currency.status();
  return FromDecimal(text.substr(0, space), *currency);
}

Result<Money> Money::FromDecimal(std::string_view amount, Currency currency) {
  std::string_view rest = amount;
  bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  size_t point = rest.find('.');
  std::string_view whole = rest.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? "" : rest.substr(point + 1);
  auto exponent = static_cast<size_t>(currency.exponent());
  if (whole.empty() || fraction.size() > exponent ||
      (point != std::string_view::npos && fraction.empty())) {
    return Malformed(amount);
  }
  std::string digits(whole);
  digits.append(fraction).append(exponent - fraction.size(), '0');
  Wide value = 0;
  for (char digit : digits) {
    if (digit < '0' || digit > '9') return Malformed(amount);
    value = value * 10 + (digit - '0');
    if (value > Wide{1} << 64) return Overflow();
  }
  return Narrow(negative ? -value : value, currency);
}

std::string Money::ToString() const {
  // Negating in unsigned arithmetic is right for the smallest amount too.
  auto magnitude = static_cast<uint64_t>(amount_minor_);
  if (amount_minor_ < 0) magnitude = 0 - magnitude;
  std::string text = amount_minor_ < 0 ? "-" : "";
  text += Digits(magnitude, static_cast<size_t>(currency_.exponent()));
  return text.append(" ").append(currency_.code());
}

Result<Money> Money::Plus(const Money& other) const {
  if (currency_ != other.currency_) return Mismatch(currency_, other.currency_);
  return Narrow(Wide{amount_minor_} + other.amount_minor_, currency_);
}

Result<Money> Money::Minus(const Money& other) const {
  if (currency_ != other.currency_) return Mismatch(currency_, other.currency_);
  return Narrow(Wide{amount_minor_} - other.amount_minor_, currency_);
}

Result<Money> Money::Negated() const {
  return Narrow(-Wide{amount_minor_}, currency_);
}

Result<Money> Money::Times(int64_t count) const {
  return Narrow(Wide{amount_minor_} * count, currency_);
}

Result<Money> Money::TimesRatio(int64_t numerator, int64_t denominator, Rounding rounding) const {
  if (denominator == 0) {
    return InvalidArgument("MONEY_RATIO_INVALID", "The denominator of a ratio cannot be zero.");
  }
  Wide product = Wide{amount_minor_} * numerator;
  bool negative = (product < 0) != (denominator < 0);
  Wide divisor = denominator < 0 ? -Wide{denominator} : Wide{denominator};
  Wide quotient = DivideMagnitude(product < 0 ? -product : product, divisor, rounding);
  return Narrow(negative ? -quotient : quotient, currency_);
}

Result<std::vector<Money>> Money::Allocate(std::span<const int64_t> weights) const {
  auto total = TotalWeight(weights);
  if (!total) {
    return InvalidArgument(
        "MONEY_RATIO_INVALID",
        "Weights must not be negative, and their sum must be positive and fit in 64 bits.");
  }
  int sign = amount_minor_ < 0 ? -1 : 1;
  Wide magnitude = Wide{amount_minor_} * sign;
  Wide left = magnitude;
  std::vector<Wide> shares;
  std::vector<Wide> fractions;
  for (int64_t weight : weights) {
    shares.push_back(magnitude * weight / *total);
    fractions.push_back(magnitude * weight % *total);
    left -= shares.back();
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return fractions[a] > fractions[b]; });
  // The rounded-off fractions add up to `left`, which is below the number of weights that have one.
  for (size_t i = 0; left > 0; ++i, --left) ++shares[order[i]];
  std::vector<Money> parts;
  for (Wide share : shares) parts.emplace_back(static_cast<int64_t>(share * sign), currency_);
  return parts;
}

Result<std::strong_ordering> Money::Compare(const Money& other) const {
  if (currency_ != other.currency_) return Mismatch(currency_, other.currency_);
  return amount_minor_ <=> other.amount_minor_;
}

}  // namespace crm
