// JsonCursor: reads JSON text once, forwards, by the letter of RFC 8259: no comments, no trailing
// commas, no lone surrogates, UTF-8 only, and no deeper than a bound. Nothing is kept but a
// position.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace crm::gateway {

enum class JsonKind { kObject, kArray, kString, kNumber, kBool, kNull };

// Not thread-safe. `text` outlives it. Every method fails with INVALID_JSON, the line and the
// column, or JSON_TOO_DEEP; after a failure the cursor is of no further use.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text, int max_depth = 64)
      : text_(text), max_depth_(max_depth) {}

  // The kind of the value that comes next, judged by its first character.
  Result<JsonKind> Peek();

  // Each reads one value of a kind that Peek told.
  Result<std::string> ReadString();
  // The digits as written: "-1.5e3".
  Result<std::string_view> ReadNumber();
  Result<bool> ReadBool();
  Status ReadNull();
  // `on_member` must read exactly one value.
  Status ReadObject(const std::function<Status(const std::string& key)>& on_member);
  Status ReadArray(const std::function<Status(size_t index)>& on_element);

  // Any one value, checked in full; returns its text.
  Result<std::string_view> ReadRaw();
  // Fails unless only white space is left.
  Status ExpectEnd();

 private:
  void SkipSpace();
  bool Take(char c);
  bool TakeWord(std::string_view word);
  size_t TakeDigits();
  Status Enter();
  Status ReadEscape(std::string& out);
  // The four digits after "\u"; -1 where they are not there.
  int ReadHex4();
  Status Error(const std::string& what) const;

  const std::string_view text_;
  const int max_depth_;
  size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace crm::gateway
