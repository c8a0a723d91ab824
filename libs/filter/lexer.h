// Tokens of filters and orders; see syntax.h for what a word is. Internal to libs/filter.
#pragma once

#include <string_view>
#include <vector>

#include "libs/filter/syntax.h"

namespace crm::filter {

struct Token {
  enum class Kind {
    kEnd,
    kText,
    kString,
    kLeft,
    kRight,
    kComma,
    kDot,
    kMinus,
    kOperator,
    kAnd,
    kOr,
    kNot
  };
  Kind kind = Kind::kEnd;
  size_t position = 0;  // in characters
  bool space_before = false;
  Word word;                      // kText, kString and the keywords
  Operator op = Operator::kNone;  // kOperator
  std::string_view source;        // as written, for messages
};

// The tokens and a kEnd behind them. They view `text`. `field` names the request's field in errors.
Result<std::vector<Token>> Lex(std::string_view text, std::string_view field = "filter");

// True where `text` without quotes is read back as one word of exactly this text.
bool IsBareWord(std::string_view text);

}  // namespace crm::filter
