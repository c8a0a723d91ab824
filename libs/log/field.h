// What may be written to a log: the types here are the whitelist that keeps personal data and
// secrets out of it.
//
// - A message and a key are literals, checked when they are compiled; nothing that a user typed can
// get into them.
// - A value is a number, a bool, a duration, a time, a UUID, a Code, a Status (its code and reason,
// never its message, which
//   may quote input), or a literal.
// - Any other text has to be called Safe(text) at the place where it is logged. That is a promise,
// easy to grep and to
//   review: the text names a resource, method, topic, host, file or setting of ours, or comes from
//   a server of ours that does not quote records. Never Safe(): names, phones, addresses, free
//   text, tokens, passwords, connection strings, bodies.
//
// Fields hold views and are made without allocation, so a line that is not enabled costs next to
// nothing. They live as long as the expression that logs them.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <variant>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"

namespace crm::log {

// The text of a line: a literal without variable parts, which go to fields.
class Message {
 public:
  consteval Message(const char* text) : text_(text) {}  // NOLINT: implicit by design
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// lower_snake, and none of the keys that every line has.
class Key {
 public:
  consteval Key(const char* name) : name_(name) {  // NOLINT: implicit by design
    if (name_.empty()) throw "a key is not empty";
    for (char c : name_) {
      if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') throw "a key is lower_snake";
    }
    for (std::string_view taken : {"time", "level", "message", "trace_id", "span_id"}) {
      if (name_ == taken) throw "every line has this key already";
    }
  }
  std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

// The promise described above.
struct Safe {
  explicit Safe(std::string_view safe_text) : text(safe_text) {}
  std::string_view text;
};

class Value {
 public:
  using Content = std::variant<bool, int64_t, uint64_t, double, std::string_view, Duration, Time,
                               Uuid, const Status*>;

  Value(bool value) : content_(value) {}  // NOLINT: all implicit by design
  template <std::signed_integral T>
  Value(T value) : content_(static_cast<int64_t>(value)) {}  // NOLINT
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Value(T value)
      : content_(static_cast<uint64_t>(value)) {}                                // NOLINT
  Value(double value) : content_(value) {}                                       // NOLINT
  consteval Value(const char* literal) : content_(std::string_view(literal)) {}  // NOLINT
  Value(Safe safe) : content_(safe.text) {}                                      // NOLINT
  // Written in milliseconds; the key gets the suffix "_ms".
  template <class Rep, class Period>
  Value(std::chrono::duration<Rep, Period> value)  // NOLINT
      : content_(std::chrono::duration_cast<Duration>(value)) {}
  Value(Time value) : content_(value) {}              // NOLINT
  Value(const Uuid& value) : content_(value) {}       // NOLINT
  Value(Code code) : content_(CodeName(code)) {}      // NOLINT
  Value(const Status& status) : content_(&status) {}  // NOLINT: code and reason only
  Value(Status&&) = delete;                           // the field would outlive it in a named list

  const Content& content() const { return content_; }

 private:
  Content content_;
};

struct Field {
  Key key;
  Value value;
};

}  // namespace crm::log
