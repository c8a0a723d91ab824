#include "libs/log/line.h"

#include <array>
#include <charconv>
#include <cmath>

#include "libs/base/hex.h"

namespace crm::log {

namespace {

constexpr size_t kMaxStringBytes = 4096;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool IsContinuation(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80;
}

// Bytes of the well-formed UTF-8 character at `at`, 0 where there is none.
size_t CharacterLength(std::string_view text, size_t at) {
  auto first = static_cast<uint8_t>(text[at]);
  if (first < 0x80) return 1;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text, at + i)) return 0;
  }
  // The second byte rules out overlong forms, surrogates and what lies above U+10FFFF.
  auto second = static_cast<uint8_t>(text[at + 1]);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return length;
}

void AppendEscaped(std::string& out, char c) {
  switch (c) {
    case '"':
    case '\\':
      out.append(1, '\\').append(1, c);
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      break;
  }
  if (static_cast<uint8_t>(c) >= 0x20 && c != 0x7f) {
    out += c;
    return;
  }
  auto byte = static_cast<uint8_t>(c);
  out += "\\u00";
  AppendHex(out, {&byte, 1});
}

template <class Number>
void AppendNumber(std::string& out, Number number) {
  std::array<char, 32> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// Text lines quote only what would otherwise not read as one word.
void AppendString(std::string& out, Format format, std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/{}@+,";
  if (format == Format::kText && !text.empty() && text.size() <= kMaxStringBytes &&
      text.find_first_not_of(kPlain) == std::string_view::npos) {
    out += text;
    return;
  }
  AppendJsonString(out, text);
}

struct ValueWriter {
  std::string& out;
  Format format;

  void operator()(bool value) { out += value ? "true" : "false"; }
  void operator()(int64_t value) { AppendNumber(out, value); }
  void operator()(uint64_t value) { AppendNumber(out, value); }
  void operator()(double value) {
    // JSON has no infinities.
    if (std::isfinite(value)) {
      AppendNumber(out, value);
    } else {
      out += "null";
    }
  }
  void operator()(std::string_view value) { AppendString(out, format, value); }
  void operator()(Duration value) { AppendNumber(out, static_cast<double>(value.count()) / 1000); }
  void operator()(Time value) { AppendString(out, format, FormatTime(value)); }
  void operator()(const Uuid& value) { AppendString(out, format, value.ToString()); }
  void operator()(const Status* value) {
    std::string text(CodeName(value->code()));
    if (!value->reason().empty()) text.append(" ").append(value->reason());
    AppendString(out, format, text);
  }
};

void AppendKey(std::string& out, Format format, std::string_view key) {
  if (format == Format::kJson) {
    out.append(",\"").append(key).append("\":");
  } else {
    out.append(" ").append(key).append("=");
  }
}

std::string_view TextLevel(Level level) {
  static constexpr std::array<std::string_view, 4> kNames = {"DEBUG", "INFO", "WARNING", "ERROR"};
  return kNames[static_cast<size_t>(level)];
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  size_t at = 0;
  while (at < text.size()) {
    size_t length = CharacterLength(text, at);
    if (at + length > kMaxStringBytes) {
      out += "…";
      break;
    }
    if (length == 0) {
      out += kReplacement;
      ++at;
    } else if (length == 1) {
      AppendEscaped(out, text[at++]);
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  out += '"';
}

void AppendField(std::string& out, Format format, const Field& field) {
  bool is_duration = std::holds_alternative<Duration>(field.value.content());
  if (is_duration && !field.key.name().ends_with("_ms")) {
    AppendKey(out, format, std::string(field.key.name()) + "_ms");
  } else {
    AppendKey(out, format, field.key.name());
  }
  std::visit(ValueWriter{out, format}, field.value.content());
}

void AppendTrace(std::string& out, Format format, const TraceContext& context) {
  if (!context.valid()) return;
  std::string_view quote = format == Format::kJson ? "\"" : "";
  AppendKey(out, format, "trace_id");
  out += quote;
  AppendHex(out, context.trace_id);
  out += quote;
  AppendKey(out, format, "span_id");
  out += quote;
  AppendHex(out, context.span_id);
  out += quote;
}

std::string OpenLine(Format format, Time time, Level level, Message message) {
  std::string line;
  line.reserve(256);
  if (format == Format::kText) {
    line.append(FormatTime(time)).append(" ").append(TextLevel(level)).append(" ");
    return line.append(message.text());
  }
  line.append("{\"time\":\"").append(FormatTime(time));
  line.append("\",\"level\":\"").append(LevelName(level)).append("\",\"message\":");
  AppendJsonString(line, message.text());
  return line;
}

}  // namespace crm::log
