// A filter that fits a schema: the only form in which filters are evaluated, stored and combined.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/filter/condition.h"
#include "libs/filter/schema.h"
#include "libs/filter/syntax.h"

namespace crm::filter {

// A cheap value: copies share what is below. Does not need its schema any more. Thread-safe to
// read.
class CheckedFilter {
 public:
  // Matches everything.
  CheckedFilter();
  // Matches nothing; its text is `NOT *`.
  static CheckedFilter None();

  // Both. They must have been checked against the same subject (and the same roots), not
  // necessarily the same gate: a scope may name what a user may not.
  CheckedFilter And(const CheckedFilter& other) const;
  // Either of them.
  CheckedFilter Or(const CheckedFilter& other) const;

  // Canonical text: parsed and checked again it gives an equal filter.
  std::string ToText() const { return filter::ToText(*syntax_); }
  bool matches_everything() const;

  const Node& syntax() const { return *syntax_; }
  const Condition& condition() const { return *condition_; }
  bool operator==(const CheckedFilter& other) const { return *syntax_ == *other.syntax_; }

 private:
  friend Result<CheckedFilter> Check(const Filter&, const Schema&);
  CheckedFilter(Node syntax, Condition condition);
  CheckedFilter Join(Node::Kind kind, const CheckedFilter& other) const;

  std::shared_ptr<const Node> syntax_;
  std::shared_ptr<const Condition> condition_;
};

// INVALID_ARGUMENT with reason FILTER_INVALID, metadata "position" (and "field" for one that is
// unknown or refused) and a violation of "filter" that says what is expected.
Result<CheckedFilter> Check(const Filter& filter, const Schema& schema);
// Parse and Check.
Result<CheckedFilter> ParseAndCheck(std::string_view text, const Schema& schema);

// `path = value`, or `path:value` where the path is repeated; the value is taken literally, so
// nothing in it can change the condition. An enum takes its name, a number its digits, and so on.
Result<CheckedFilter> FieldEquals(const Schema& schema, std::string_view path,
                                  std::string_view value);
// `path` equals one of the values; none: matches nothing.
Result<CheckedFilter> FieldIsAnyOf(const Schema& schema, std::string_view path,
                                   std::span<const std::string> values);

}  // namespace crm::filter
