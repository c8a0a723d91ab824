// The text of a filter as a tree: AIP-160's grammar and nothing about fields or types.
//
//   filter      : [expression]
//   expression  : sequence {"AND" sequence}
//   sequence    : factor {WS factor}                 words side by side are AND
//   factor      : term {"OR" term}                   so OR binds tighter than AND
//   term        : ["NOT" | "-"] simple
//   simple      : restriction | "(" expression ")"
//   restriction : comparable [("<=" | "<" | ">=" | ">" | "!=" | "=" | ":") arg]
//   comparable  : member | name {"." name} "(" [arg {"," arg}] ")"
//   member      : word {"." word}
//   arg         : comparable | "(" expression ")"
//   word        : TEXT | STRING
//
// TEXT is a run of characters without white space, quotes and ( ) . , : = < > !, not starting with
// "-". One that starts with a digit may hold dots between digits and, once it looks like a date and
// an hour, colons: 2.5e3, 1.5h, 2012-04-21T11:30:00-04:00. A minus sign right before a digit
// belongs to the number in an argument, and where the number stands alone (`-30`). STRING is quoted
// with " or ' and knows the escapes \\ \" \' \? \a \b \f \n \r \t \v \uXXXX and \* (an asterisk
// that is no wildcard). AND, OR and NOT are upper case and never name a function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace crm::filter {

inline constexpr size_t kMaxFilterBytes = 8 * 1024;
inline constexpr int kMaxFilterDepth = 32;
inline constexpr size_t kMaxFilterNodes = 1000;

// A word of the filter with its escapes resolved. `stars` are the byte offsets in `text` of the
// asterisks that are wildcards.
struct Word {
  std::string text{};
  std::vector<uint32_t> stars{};
  bool quoted = false;
  bool operator==(const Word&) const = default;
  // A lone asterisk: "anything".
  bool is_star() const { return text == "*" && stars.size() == 1; }
};

enum class Operator {
  kNone,  // a comparable that stands alone
  kEquals,
  kNotEquals,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kHas,
};
inline constexpr size_t kOperatorCount = 8;

// As it is written: "=", "!=", ... ; empty for kNone.
std::string_view OperatorText(Operator op);

struct Node {
  enum class Kind { kAnd, kOr, kNot, kRestriction };
  Kind kind = Kind::kAnd;
  // Where it starts, in characters (code points) from 0.
  size_t position = 0;
  // kAnd, kOr: the operands (an AND of none is true, an OR of none false); kNot: one; kRestriction:
  // the argument if there is an op.
  std::vector<Node> children{};

  // kRestriction only: the comparable (a member, or a call of the function `path` with `arguments`)
  // and the operator.
  std::vector<Word> path{};
  bool is_call = false;
  std::vector<Node> arguments{};
  Operator op = Operator::kNone;

  // Equal in all but position.
  bool operator==(const Node& other) const;
};

// Canonical text: explicit AND and parentheses, words quoted where they must be. Parsing it gives
// an equal node.
std::string ToText(const Node& node);
// A word as canonical text.
std::string ToText(const Word& word);

// A field's name or a map's key as canonical text behind a dot.
std::string FieldText(const std::string& name);

// A filter that is well formed. A value.
class Filter {
 public:
  // Matches everything; so does the empty text.
  Filter() = default;
  // INVALID_ARGUMENT with reason FILTER_INVALID, metadata "position" and a violation of field
  // "filter".
  static Result<Filter> Parse(std::string_view text);
  // A filter made by a program rather than parsed.
  explicit Filter(Node root) : root_(std::move(root)) {}

  const Node& root() const { return root_; }
  std::string ToText() const { return filter::ToText(root_); }
  bool operator==(const Filter&) const = default;

 private:
  Node root_;
};

// At most `bytes` of the text, ending in "..." where it was longer; cut between characters. Errors
// travel in headers of bounded size.
std::string Shortened(std::string text, size_t bytes);

// The error of a filter (or, with another `field` and `reason`, of an order) at a position in
// characters.
Status SyntaxError(size_t position, std::string message, std::string_view field = "filter");

}  // namespace crm::filter
