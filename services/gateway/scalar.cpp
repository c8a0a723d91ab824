#include "services/gateway/scalar.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "services/gateway/url.h"

namespace crm::gateway {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Origin = ScalarText::Origin;

template <class T>
std::optional<T> ParseAll(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// from_chars also takes "inf" and "nan", which JSON spells otherwise.
std::optional<double> ParseDecimal(std::string_view text) {
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
  return ParseAll<double>(text);
}

template <class T>
std::optional<T> ParseInteger(const ScalarText& value) {
  if (value.origin == Origin::kJsonBool) return std::nullopt;
  if (auto whole = ParseAll<T>(value.text)) return whole;
  const auto decimal = ParseDecimal(value.text);
  if (!decimal || std::trunc(*decimal) != *decimal) return std::nullopt;
  // Exact for every T: the first double above the range.
  const double limit = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (*decimal >= limit || *decimal < (std::is_signed_v<T> ? -limit : 0.0)) return std::nullopt;
  return static_cast<T>(*decimal);
}

std::optional<double> ParseFloating(const ScalarText& value) {
  if (value.origin == Origin::kJsonBool) return std::nullopt;
  if (value.origin != Origin::kJsonNumber) {
    if (value.text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (value.text == "Infinity") return std::numeric_limits<double>::infinity();
    if (value.text == "-Infinity") return -std::numeric_limits<double>::infinity();
  }
  return ParseDecimal(value.text);
}

std::optional<bool> ParseBool(const ScalarText& value) {
  if (value.origin != Origin::kJsonBool && value.origin != Origin::kUrl) return std::nullopt;
  if (value.text == "true") return true;
  if (value.text == "false") return false;
  return std::nullopt;
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

std::optional<std::string> ParseBase64(std::string_view text) {
  size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  if (text.size() % 4 == 1 || (padding > 0 && (text.size() + padding) % 4 != 0)) {
    return std::nullopt;
  }
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = Base64Digit(c);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

std::optional<int> ParseEnum(const FieldDescriptor& field, const ScalarText& value) {
  if (value.origin == Origin::kJsonBool) return std::nullopt;
  if (value.origin != Origin::kJsonNumber) {
    const EnumValueDescriptor* known = field.enum_type()->FindValueByName(std::string(value.text));
    if (known != nullptr) return known->number();
    if (value.origin == Origin::kJsonString) return std::nullopt;
  }
  return ParseInteger<int32_t>(value);
}

std::string Expected(const FieldDescriptor& field) {
  const auto whole = [](auto limits) {
    return "a whole number from " + std::to_string(limits.min()) + " to " +
           std::to_string(limits.max());
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return whole(std::numeric_limits<int32_t>());
    case FieldDescriptor::CPPTYPE_INT64:
      return whole(std::numeric_limits<int64_t>());
    case FieldDescriptor::CPPTYPE_UINT32:
      return whole(std::numeric_limits<uint32_t>());
    case FieldDescriptor::CPPTYPE_UINT64:
      return whole(std::numeric_limits<uint64_t>());
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_ENUM: {
      std::string names;
      for (int i = 0; i < field.enum_type()->value_count() && i < 20; ++i) {
        names += (i == 0 ? "" : ", ") + field.enum_type()->value(i)->name();
      }
      return "one of " + names;
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? "a string in base64"
                                                         : "a string in UTF-8";
    default:
      return "a number";
  }
}

Status Refuse(const FieldDescriptor& field, const ScalarText& value, const std::string& location) {
  std::string shown(value.text.substr(0, 60));
  if (!IsUtf8(shown)) shown = "these bytes";
  return InvalidField(location,
                      "expected " + Expected(field) + ", got " +
                          (value.origin == Origin::kJsonString ? "\"" + shown + "\"" : shown));
}

template <class T, class Set, class Add>
bool Store(const std::optional<T>& value, bool repeated, const Set& set, const Add& add) {
  if (!value) return false;
  repeated ? add(*value) : set(*value);
  return true;
}

bool SetText(Message& message, const FieldDescriptor& field, const ScalarText& value) {
  if (value.origin == Origin::kJsonNumber || value.origin == Origin::kJsonBool) return false;
  std::optional<std::string> content;
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    content = ParseBase64(value.text);
  } else if (IsUtf8(value.text)) {
    content = std::string(value.text);
  }
  const auto* access = message.GetReflection();
  return Store(
      content, field.is_repeated(), [&](auto& v) { access->SetString(&message, &field, v); },
      [&](auto& v) { access->AddString(&message, &field, v); });
}

bool SetFloat(Message& message, const FieldDescriptor& field, const ScalarText& value) {
  const auto parsed = ParseFloating(value);
  if (!parsed) return false;
  if (std::isfinite(*parsed) && std::fabs(*parsed) > std::numeric_limits<float>::max())
    return false;
  const auto narrow = static_cast<float>(*parsed);
  const auto* access = message.GetReflection();
  field.is_repeated() ? access->AddFloat(&message, &field, narrow)
                      : access->SetFloat(&message, &field, narrow);
  return true;
}

}  // namespace

Status SetScalar(Message& message, const FieldDescriptor& field, const ScalarText& value,
                 const std::string& location) {
  const auto* access = message.GetReflection();
  const bool repeated = field.is_repeated();
  Message* const m = &message;
  const FieldDescriptor* const f = &field;
  bool done = false;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      done = Store(
          ParseInteger<int32_t>(value), repeated, [&](auto v) { access->SetInt32(m, f, v); },
          [&](auto v) { access->AddInt32(m, f, v); });
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      done = Store(
          ParseInteger<int64_t>(value), repeated, [&](auto v) { access->SetInt64(m, f, v); },
          [&](auto v) { access->AddInt64(m, f, v); });
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      done = Store(
          ParseInteger<uint32_t>(value), repeated, [&](auto v) { access->SetUInt32(m, f, v); },
          [&](auto v) { access->AddUInt32(m, f, v); });
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      done = Store(
          ParseInteger<uint64_t>(value), repeated, [&](auto v) { access->SetUInt64(m, f, v); },
          [&](auto v) { access->AddUInt64(m, f, v); });
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      done = Store(
          ParseFloating(value), repeated, [&](auto v) { access->SetDouble(m, f, v); },
          [&](auto v) { access->AddDouble(m, f, v); });
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      done = SetFloat(message, field, value);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      done = Store(
          ParseBool(value), repeated, [&](auto v) { access->SetBool(m, f, v); },
          [&](auto v) { access->AddBool(m, f, v); });
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      done = Store(
          ParseEnum(field, value), repeated, [&](auto v) { access->SetEnumValue(m, f, v); },
          [&](auto v) { access->AddEnumValue(m, f, v); });
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      done = SetText(message, field, value);
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return done ? Status() : Refuse(field, value, location);
}

}  // namespace crm::gateway
