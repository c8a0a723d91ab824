#include "libs/filter/value.h"

#include <google/protobuf/descriptor.h>

#include <charconv>
#include <cmath>

namespace crm::filter {

namespace {

template <class Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> UnitInMicros(std::string_view unit) {
  if (unit == "us") return 1;
  if (unit == "ms") return 1e3;
  if (unit == "s") return 1e6;
  if (unit == "m") return 60e6;
  if (unit == "h") return 3600e6;
  if (unit == "d") return 86400e6;
  return std::nullopt;
}

// google.protobuf.Duration's range: about ten thousand years.
constexpr double kMaxDurationMicros = 315'576'000'000e6;

int Sign(auto left, auto right) {
  return left < right ? -1 : right < left ? 1 : 0;
}

}  // namespace

std::string_view TypeExpectation(Type type) {
  switch (type) {
    case Type::kBool:
      return "true or false";
    case Type::kInt:
      return "a whole number";
    case Type::kDouble:
      return "a number like 2.5 or 2.5e3";
    case Type::kString:
      return "a string";
    case Type::kEnum:
      return "one of the declared names";
    case Type::kTime:
      return "a time like \"2026-01-31T09:00:00Z\"";
    case Type::kDuration:
      return "a duration like 20m or 1200s";
    default:
      return "'*' (only presence can be tested)";
  }
}

Pattern ToPattern(const Word& word) {
  Pattern pattern;
  size_t start = 0;
  for (uint32_t star : word.stars) {
    pattern.parts.push_back(word.text.substr(start, star - start));
    start = star + 1;
  }
  pattern.parts.push_back(word.text.substr(start));
  return pattern;
}

bool MatchesPattern(const Pattern& pattern, std::string_view text) {
  const std::string& first = pattern.parts.front();
  const std::string& last = pattern.parts.back();
  if (text.size() < first.size() + last.size()) return false;
  if (!text.starts_with(first) || !text.ends_with(last)) return false;
  text.remove_prefix(first.size());
  text.remove_suffix(last.size());
  for (size_t i = 1; i + 1 < pattern.parts.size(); ++i) {
    size_t found = text.find(pattern.parts[i]);
    if (found == std::string_view::npos) return false;
    text.remove_prefix(found + pattern.parts[i].size());
  }
  return true;
}

std::optional<Duration> ParseDuration(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double micros = 0;
  while (!text.empty()) {
    size_t digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    std::optional<double> count = ParseNumber<double>(text.substr(0, digits));
    text.remove_prefix(digits);
    std::string_view name = text.substr(0, text.find_first_of("0123456789."));
    std::optional<double> unit = UnitInMicros(name);
    if (!count || !unit) return std::nullopt;
    micros += *count * *unit;
    text.remove_prefix(name.size());
  }
  if (micros > kMaxDurationMicros) return std::nullopt;
  auto whole = static_cast<int64_t>(std::llround(micros));
  return Duration(negative ? -whole : whole);
}

std::optional<Value> ParseLiteral(Type type, std::string_view text,
                                  const google::protobuf::EnumDescriptor* enumeration) {
  switch (type) {
    case Type::kBool:
      if (text == "true") return Value(true);
      if (text == "false") return Value(false);
      return std::nullopt;
    case Type::kInt: {
      std::optional<int64_t> number = ParseNumber<int64_t>(text);
      return number ? std::optional<Value>(*number) : std::nullopt;
    }
    case Type::kDouble: {
      std::optional<double> number = ParseNumber<double>(text);
      return number && std::isfinite(*number) ? std::optional<Value>(*number) : std::nullopt;
    }
    case Type::kString:
      return Value(std::string(text));
    case Type::kEnum: {
      const auto* value = enumeration->FindValueByName(std::string(text));
      return value ? std::optional<Value>(static_cast<int64_t>(value->number())) : std::nullopt;
    }
    case Type::kTime: {
      std::optional<Time> time = ParseTime(text);
      return time ? std::optional<Value>(*time) : std::nullopt;
    }
    case Type::kDuration: {
      std::optional<Duration> duration = ParseDuration(text);
      return duration ? std::optional<Value>(*duration) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

int CompareDoubles(double left, double right) {
  if (std::isnan(left) || std::isnan(right)) return Sign(std::isnan(left), std::isnan(right));
  return Sign(left, right);
}

int CompareValues(const Value& left, const Value& right) {
  if (const auto* number = std::get_if<double>(&left)) {
    return CompareDoubles(*number, std::get<double>(right));
  }
  if (const auto* text = std::get_if<std::string>(&left)) {
    return text->compare(std::get<std::string>(right));
  }
  return left < right ? -1 : right < left ? 1 : 0;
}

}  // namespace crm::filter
