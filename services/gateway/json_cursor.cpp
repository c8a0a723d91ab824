#include "services/gateway/json_cursor.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "services/gateway/url.h"

namespace crm::gateway {
namespace {

void AppendUtf8(uint32_t point, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  if (point < 0x800) {
    out += static_cast<char>(0xc0 | (point >> 6));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (point >> 18));
    out += static_cast<char>(0x80 | ((point >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
  }
  out += static_cast<char>(0x80 | (point & 0x3f));
}

bool IsHighSurrogate(int unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}
bool IsLowSurrogate(int unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

}  // namespace

Result<JsonKind> JsonCursor::Peek() {
  SkipSpace();
  if (position_ >= text_.size()) return Error("the text ends where a value is expected");
  switch (text_[position_]) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
    case 'f':
      return JsonKind::kBool;
    case 'n':
      return JsonKind::kNull;
    default:
      if (text_[position_] == '-' || std::isdigit(static_cast<unsigned char>(text_[position_]))) {
        return JsonKind::kNumber;
      }
      return Error("a value is expected");
  }
}

Result<std::string> JsonCursor::ReadString() {
  SkipSpace();
  if (!Take('"')) return Error("a string in double quotes is expected");
  const size_t start = position_;
  std::string out;
  while (true) {
    if (position_ >= text_.size()) return Error("the string is not closed");
    const char c = text_[position_];
    if (static_cast<unsigned char>(c) < 0x20) {
      return Error("a control character in a string must be escaped");
    }
    ++position_;
    if (c == '"') break;
    if (c != '\\') {
      out += c;
      continue;
    }
    if (auto status = ReadEscape(out); !status.ok()) return status;
  }
  if (!IsUtf8(text_.substr(start, position_ - start))) return Error("the string is not UTF-8");
  return out;
}

Status JsonCursor::ReadEscape(std::string& out) {
  static constexpr std::string_view kNames = "\"\\/bfnrt";
  static constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
  if (position_ >= text_.size()) return Error("the string is not closed");
  const char c = text_[position_++];
  if (const size_t index = kNames.find(c); index != std::string_view::npos) {
    out += kValues[index];
    return {};
  }
  if (c != 'u') return Error("unknown escape");
  const int unit = ReadHex4();
  if (unit < 0) return Error("\"\\u\" takes four hexadecimal digits");
  if (IsLowSurrogate(unit)) return Error("a surrogate stands alone");
  if (!IsHighSurrogate(unit)) {
    AppendUtf8(static_cast<uint32_t>(unit), out);
    return {};
  }
  const int low = TakeWord("\\u") ? ReadHex4() : -1;
  if (!IsLowSurrogate(low)) return Error("a surrogate stands alone");
  AppendUtf8(
      0x10000 + (static_cast<uint32_t>(unit - 0xd800) << 10) + static_cast<uint32_t>(low - 0xdc00),
      out);
  return {};
}

int JsonCursor::ReadHex4() {
  if (text_.size() - position_ < 4) return -1;
  const char* begin = text_.data() + position_;
  int value = 0;
  const auto [end, error] = std::from_chars(begin, begin + 4, value, 16);
  if (error != std::errc() || end != begin + 4 || *begin == '-') return -1;
  position_ += 4;
  return value;
}

Result<std::string_view> JsonCursor::ReadNumber() {
  SkipSpace();
  const size_t start = position_;
  Take('-');
  const bool leading_zero = position_ < text_.size() && text_[position_] == '0';
  const size_t whole = TakeDigits();
  if (whole == 0) return Error("a number is expected");
  if (leading_zero && whole > 1) return Error("a number has no leading zeros");
  if (Take('.') && TakeDigits() == 0) return Error("digits are expected after the point");
  if (Take('e') || Take('E')) {
    if (!Take('+')) Take('-');
    if (TakeDigits() == 0) return Error("digits are expected in the exponent");
  }
  return text_.substr(start, position_ - start);
}

Result<bool> JsonCursor::ReadBool() {
  SkipSpace();
  if (TakeWord("true")) return true;
  if (TakeWord("false")) return false;
  return Error("a value is expected");
}

Status JsonCursor::ReadNull() {
  SkipSpace();
  return TakeWord("null") ? Status() : Error("a value is expected");
}

Status JsonCursor::ReadObject(const std::function<Status(const std::string&)>& on_member) {
  SkipSpace();
  if (!Take('{')) return Error("an object is expected");
  if (auto status = Enter(); !status.ok()) return status;
  SkipSpace();
  if (!Take('}')) {
    do {
      auto key = ReadString();
      if (!key) return key.status();
      SkipSpace();
      if (!Take(':')) return Error("\":\" is expected after a member's name");
      if (auto status = on_member(*key); !status.ok()) return status;
      SkipSpace();
    } while (Take(','));
    if (!Take('}')) return Error("\",\" or \"}\" is expected");
  }
  --depth_;
  return {};
}

Status JsonCursor::ReadArray(const std::function<Status(size_t)>& on_element) {
  SkipSpace();
  if (!Take('[')) return Error("an array is expected");
  if (auto status = Enter(); !status.ok()) return status;
  SkipSpace();
  if (!Take(']')) {
    size_t index = 0;
    do {
      if (auto status = on_element(index++); !status.ok()) return status;
      SkipSpace();
    } while (Take(','));
    if (!Take(']')) return Error("\",\" or \"]\" is expected");
  }
  --depth_;
  return {};
}

Result<std::string_view> JsonCursor::ReadRaw() {
  auto kind = Peek();
  if (!kind) return kind.status();
  const size_t start = position_;
  Status status;
  switch (*kind) {
    case JsonKind::kObject:
      status = ReadObject([this](const std::string&) { return ReadRaw().status(); });
      break;
    case JsonKind::kArray:
      status = ReadArray([this](size_t) { return ReadRaw().status(); });
      break;
    case JsonKind::kString:
      status = ReadString().status();
      break;
    case JsonKind::kNumber:
      status = ReadNumber().status();
      break;
    case JsonKind::kBool:
      status = ReadBool().status();
      break;
    case JsonKind::kNull:
      status = ReadNull();
      break;
  }
  if (!status.ok()) return status;
  return text_.substr(start, position_ - start);
}

Status JsonCursor::ExpectEnd() {
  SkipSpace();
  return position_ == text_.size() ? Status() : Error("nothing may follow the value");
}

void JsonCursor::SkipSpace() {
  while (position_ < text_.size() &&
         std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos) {
    ++position_;
  }
}

bool JsonCursor::Take(char c) {
  if (position_ >= text_.size() || text_[position_] != c) return false;
  ++position_;
  return true;
}

bool JsonCursor::TakeWord(std::string_view word) {
  if (!text_.substr(position_).starts_with(word)) return false;
  position_ += word.size();
  return true;
}

size_t JsonCursor::TakeDigits() {
  const size_t start = position_;
  while (position_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[position_]))) {
    ++position_;
  }
  return position_ - start;
}

Status JsonCursor::Enter() {
  if (++depth_ <= max_depth_) return {};
  return InvalidArgument("JSON_TOO_DEEP", "The JSON is nested deeper than " +
                                              std::to_string(max_depth_) +
                                              " levels. Send a flatter body.")
      .With("limit", std::to_string(max_depth_));
}

Status JsonCursor::Error(const std::string& what) const {
  const std::string_view before = text_.substr(0, position_);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 == 0
  const size_t column = before.size() - line_start + 1;
  return InvalidArgument("INVALID_JSON", "The JSON is not valid at line " + std::to_string(line) +
                                             ", column " + std::to_string(column) + ": " + what +
                                             ".")
      .With("line", std::to_string(line))
      .With("column", std::to_string(column));
}

}  // namespace crm::gateway
