// What each operator does, as one table, so that tests can plant a fault in any of them. Internal
// to libs/filter.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/filter/condition.h"

namespace crm::filter {

// In rising order: AND is the least of its operands, OR the greatest.
enum class Truth : int8_t { kFalse, kUnknown, kTrue };

struct Operators {
  // By Operator; what the sign of (left - right) must be. kNone and kHas are null.
  std::array<bool (*)(int order), kOperatorCount> compare;
  bool (*pattern)(const Pattern& pattern, std::string_view text);
  bool (*present)(bool is_present);
  bool (*contains)(const std::string& text, const std::string& needle);
  Truth (*conjunction)(Truth left, Truth right);
  Truth (*disjunction)(Truth left, Truth right);
  Truth (*negation)(Truth operand);
  // What comparing something unset gives.
  Truth unset;
};

extern const Operators kOperators;

Truth Evaluate(const Condition& condition, const google::protobuf::Message* subject,
               const EvalContext& context, const Operators& operators);

}  // namespace crm::filter
