// The types and values that filters compare.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/clock.h"
#include "libs/filter/syntax.h"

namespace google::protobuf {
class EnumDescriptor;
class Message;
}  // namespace google::protobuf

namespace crm::filter {

enum class Type {
  kBool,
  kInt,       // every integer type as int64; a uint64 above its maximum counts as the maximum
  kDouble,    // float and double; NaN is equal to itself and above all, as in PostgreSQL
  kString,    // compared as UTF-8 bytes
  kBytes,     // presence only
  kEnum,      // its number; written by its declared name
  kTime,      // google.protobuf.Timestamp, in microseconds
  kDuration,  // google.protobuf.Duration, in microseconds
  kMessage,   // presence only
  kMap,       // a whole map: presence only
};

// "a time like 2026-01-31T09:00:00Z": what a literal of the type looks like, for messages.
std::string_view TypeExpectation(Type type);

// Enums are their numbers.
using Value = std::variant<bool, int64_t, double, std::string, Time, Duration>;

// What is known only when a filter is evaluated. Views; not kept.
struct EvalContext {
  Time now{};
  // The messages of Schema::AddRoot in the order of its calls; null is unset. May be shorter.
  std::span<const google::protobuf::Message* const> roots{};
};

// A string with wildcards: the texts between the asterisks, at least two, each perhaps empty.
struct Pattern {
  std::vector<std::string> parts;
  bool operator==(const Pattern&) const = default;
};

Pattern ToPattern(const Word& word);
bool MatchesPattern(const Pattern& pattern, std::string_view text);

// The literal as a value of the type; nullopt where it is none. `enumeration` is needed for kEnum
// only.
std::optional<Value> ParseLiteral(Type type, std::string_view text,
                                  const google::protobuf::EnumDescriptor* enumeration = nullptr);

// "20m", "1200s", "1h30m", "1.5h", "-2d", "250ms", "10us"; a day has 24 hours.
std::optional<Duration> ParseDuration(std::string_view text);

// <0, 0, >0. Both must hold the same alternative.
int CompareValues(const Value& left, const Value& right);
int CompareDoubles(double left, double right);

}  // namespace crm::filter
