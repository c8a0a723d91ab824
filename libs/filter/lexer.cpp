#include "libs/filter/lexer.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <optional>

namespace crm::filter {

namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool IsText(char c) {
  return !IsSpace(c) && std::string_view("().,:=<>!\"'").find(c) == std::string_view::npos;
}

// "2012-04-21T11" and what may follow it.
bool StartsLikeATimestamp(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd";
  if (text.size() < kShape.size()) return false;
  for (size_t i = 0; i < kShape.size(); ++i) {
    bool fits = kShape[i] == 'd'   ? IsDigit(text[i])
                : kShape[i] == 'T' ? text[i] == 'T' || text[i] == 't'
                                   : text[i] == kShape[i];
    if (!fits) return false;
  }
  return true;
}

void AppendUtf8(std::string& out, UChar32 c) {
  uint8_t bytes[4];
  int length = 0;
  UBool failed = false;
  U8_APPEND(bytes, length, 4, c, failed);
  if (!failed) out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

class Lexer {
 public:
  Lexer(std::string_view text, std::string_view field) : text_(text), field_(field) {}

  Result<std::vector<Token>> Run() {
    if (text_.size() > kMaxFilterBytes) {
      return SyntaxError(0, "is longer than " + std::to_string(kMaxFilterBytes) + " bytes", field_);
    }
    if (Status status = CheckCharacters(); !status.ok()) return status;
    while (true) {
      size_t before = at_;
      while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
      Token token;
      token.space_before = at_ > before || at_ == 0;
      token.position = PositionOf(at_);
      if (at_ == text_.size()) {
        tokens_.push_back(std::move(token));
        return std::move(tokens_);
      }
      size_t start = at_;
      if (Status status = Read(token); !status.ok()) return status;
      token.source = text_.substr(start, at_ - start);
      tokens_.push_back(std::move(token));
    }
  }

 private:
  using Kind = Token::Kind;

  Status CheckCharacters() const {
    auto length = static_cast<int32_t>(text_.size());
    for (int32_t i = 0; i < length;) {
      auto start = static_cast<size_t>(i);
      UChar32 c;
      U8_NEXT(text_.data(), i, length, c);
      if (c < 0) return SyntaxError(PositionOf(start), "is not valid UTF-8", field_);
      if (c == 0) return SyntaxError(PositionOf(start), "holds a NUL character", field_);
    }
    return {};
  }

  // Called with rising offsets by Run, so it counts on from the last one.
  size_t PositionOf(size_t offset) const {
    if (offset < counted_to_) counted_to_ = characters_ = 0;
    for (; counted_to_ < offset; ++counted_to_) {
      if ((text_[counted_to_] & 0xC0) != 0x80) ++characters_;
    }
    return characters_;
  }

  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  Status Read(Token& token) {
    switch (Peek()) {
      case '(':
        return Single(token, Kind::kLeft);
      case ')':
        return Single(token, Kind::kRight);
      case ',':
        return Single(token, Kind::kComma);
      case '.':
        return Single(token, Kind::kDot);
      case '-':
        return Single(token, Kind::kMinus);
      case '"':
      case '\'':
        return ReadString(token);
      case ':':
      case '=':
      case '<':
      case '>':
      case '!':
        return ReadOperator(token);
      default:
        ReadText(token);
        return {};
    }
  }

  Status Single(Token& token, Kind kind) {
    token.kind = kind;
    ++at_;
    return {};
  }

  Status ReadOperator(Token& token) {
    token.kind = Kind::kOperator;
    char first = text_[at_++];
    bool equals = first != ':' && first != '=' && Peek() == '=';
    if (equals) ++at_;
    switch (first) {
      case ':':
        token.op = Operator::kHas;
        break;
      case '=':
        token.op = Operator::kEquals;
        break;
      case '<':
        token.op = equals ? Operator::kLessOrEqual : Operator::kLess;
        break;
      case '>':
        token.op = equals ? Operator::kGreaterOrEqual : Operator::kGreater;
        break;
      default:
        if (!equals) return SyntaxError(token.position, "has a '!' that is not '!='", field_);
        token.op = Operator::kNotEquals;
    }
    return {};
  }

  void ReadText(Token& token) {
    size_t start = at_;
    bool after_dot = !tokens_.empty() && tokens_.back().kind == Kind::kDot && !token.space_before;
    bool number = IsDigit(Peek()) && !after_dot;
    while (at_ < text_.size()) {
      bool more = IsText(Peek());
      if (!more && number && IsDigit(Peek(1))) {
        more = (Peek() == '.' && IsDigit(text_[at_ - 1])) ||
               (Peek() == ':' && StartsLikeATimestamp(text_.substr(start, at_ - start)));
      }
      if (!more) break;
      ++at_;
    }
    token.kind = Kind::kText;
    token.word.text = text_.substr(start, at_ - start);
    for (size_t i = 0; i < token.word.text.size(); ++i) {
      if (token.word.text[i] == '*') token.word.stars.push_back(static_cast<uint32_t>(i));
    }
    if (token.word.text == "AND") token.kind = Kind::kAnd;
    if (token.word.text == "OR") token.kind = Kind::kOr;
    if (token.word.text == "NOT") token.kind = Kind::kNot;
  }

  Status ReadString(Token& token) {
    token.kind = Kind::kString;
    token.word.quoted = true;
    char quote = text_[at_++];
    while (Peek() != quote) {
      if (at_ >= text_.size()) {
        return SyntaxError(token.position, "has a string that does not end", field_);
      }
      if (Peek() == '\\') {
        if (Status status = ReadEscape(token.word.text); !status.ok()) return status;
        continue;
      }
      if (Peek() == '*') {
        token.word.stars.push_back(static_cast<uint32_t>(token.word.text.size()));
      }
      token.word.text += text_[at_++];
    }
    ++at_;
    return {};
  }

  Status ReadEscape(std::string& out) {
    constexpr std::string_view kEscapes = "\\\"'?*abfnrtv";
    constexpr std::string_view kMeanings = "\\\"'?*\a\b\f\n\r\t\v";
    size_t start = at_++;
    char letter = Peek();
    if (size_t found = kEscapes.find(letter); found != std::string_view::npos && letter != '\0') {
      out += kMeanings[found];
      ++at_;
      return {};
    }
    std::optional<UChar32> c = letter == 'u' ? Hex4(++at_) : std::nullopt;
    if (c && *c >= 0xD800 && *c < 0xDC00 && Peek(4) == '\\' && Peek(5) == 'u') {
      std::optional<UChar32> low = Hex4(at_ + 6);
      if (low && *low >= 0xDC00 && *low < 0xE000) {
        c = 0x10000 + ((*c - 0xD800) << 10) + (*low - 0xDC00);
        at_ += 6;
      }
    }
    if (!c || *c == 0 || (*c >= 0xD800 && *c < 0xE000)) {
      return SyntaxError(PositionOf(start),
                         "has an unknown escape; write a backslash as two of them", field_);
    }
    at_ += 4;
    AppendUtf8(out, *c);
    return {};
  }

  std::optional<UChar32> Hex4(size_t from) const {
    if (from + 4 > text_.size()) return std::nullopt;
    UChar32 value = 0;
    for (size_t i = from; i < from + 4; ++i) {
      char c = text_[i];
      int digit = IsDigit(c)             ? c - '0'
                  : c >= 'a' && c <= 'f' ? c - 'a' + 10
                  : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                         : -1;
      if (digit < 0) return std::nullopt;
      value = value * 16 + digit;
    }
    return value;
  }

  const std::string_view text_;
  const std::string_view field_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
  mutable size_t counted_to_ = 0;
  mutable size_t characters_ = 0;
};

}  // namespace

Result<std::vector<Token>> Lex(std::string_view text, std::string_view field) {
  return Lexer(text, field).Run();
}

bool IsBareWord(std::string_view text) {
  Result<std::vector<Token>> tokens = Lex(text);
  if (!tokens.ok()) return false;
  size_t first = tokens->size() == 3 && (*tokens)[0].kind == Token::Kind::kMinus ? 1 : 0;
  if (first == 1 && !(text.size() > 1 && IsDigit(text[1]))) return false;
  return tokens->size() == first + 2 && (*tokens)[first].kind == Token::Kind::kText &&
         (*tokens)[first].word.text == text.substr(first);
}

}  // namespace crm::filter
