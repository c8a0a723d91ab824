// A filter after type-checking: what both back ends read.
//
// Truth is that of SQL (Kleene's three values), which makes AIP-160's "an unset parent never
// matches" hold on every path:
//   - comparing something unset is UNKNOWN, whatever the operator. Unset is: a message (also a
//   Timestamp or Duration) that is not
//     set, anywhere on the path; an optional or oneof scalar that is not set; a key that a map does
//     not have. A scalar without presence is never unset: it has its default value.
//   - NOT UNKNOWN is UNKNOWN; AND and OR as in SQL. A filter matches where it is TRUE. So `a.b =
//   1`, `a.b != 1` and `NOT a.b = 1`
//     all pass over a record without `a`, and the last two are the same.
//   - presence (`f:*`, `m:key`, `f = null`, `f != null`) is never UNKNOWN: false where anything on
//   the path is unset. A scalar
//     without presence is present where it differs from its default; everything else where it is
//     set, an element or an entry always. `f = null` is exactly `NOT f:*`.
//   - a path through a repeated field means "one element does" and is TRUE or FALSE, never UNKNOWN.
//   - bare words and bool functions are TRUE or FALSE.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "libs/filter/field_path.h"
#include "libs/filter/schema.h"
#include "libs/filter/syntax.h"
#include "libs/filter/value.h"

namespace crm::filter {

struct Call;
// The right side of a comparison: a literal of the path's type, or a call that gives one.
using Operand = std::variant<Value, std::shared_ptr<const Call>>;

struct Call {
  Function function;
  std::vector<Operand> arguments;
};

// The literal, or what the call gives now; `scratch` holds the latter.
const Value& Evaluate(const Operand& operand, const EvalContext& context, Value& scratch);

struct Condition {
  enum class Kind {
    kAnd,      // children; true where there are none
    kOr,       // children; false where there are none
    kNot,      // one child
    kCompare,  // path op operand; op is one of the six comparisons
    kPattern,  // path = pattern or path != pattern
    kPresent,  // path
    kSearch,   // `needle`, normalised, is part of a searchable field
    kCall,     // operand, a call that gives bool
  };
  Kind kind = Kind::kAnd;
  size_t position = 0;
  std::vector<Condition> children{};
  FieldPath path{};
  Operator op = Operator::kNone;
  Operand operand{};
  Pattern pattern{};
  std::string needle{};
  std::shared_ptr<const std::vector<FieldPath>> searchable{};
};

}  // namespace crm::filter
