#include "tools/crmctl/field_value.h"

#include <charconv>
#include <limits>

#include "libs/base/clock.h"
#include "libs/base/money.h"

namespace crm::ctl {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

Status Bad(const std::string& text, const std::string& expected) {
  return InvalidField("", "'" + text + "' is not " + expected);
}

const FieldDescriptor* Part(const Message& message, const char* name) {
  return message.GetDescriptor()->FindFieldByName(name);
}

Status SetTime(Message& time, const std::string& text) {
  auto parsed = ParseTime(text);
  if (!parsed) return Bad(text, "a time like 2026-01-31T08:00:00Z");
  auto since = parsed->time_since_epoch();
  auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds);
  time.GetReflection()->SetInt64(&time, Part(time, "seconds"), seconds.count());
  time.GetReflection()->SetInt32(&time, Part(time, "nanos"), static_cast<int32_t>(nanos.count()));
  return Status::Ok();
}

Status SetMoney(Message& money, const std::string& text) {
  auto parsed = Money::Parse(text);
  if (!parsed) return InvalidField("", parsed.status().message());
  const auto* reflection = money.GetReflection();
  reflection->SetString(&money, Part(money, "currency_code"),
                        std::string(parsed->currency().code()));
  reflection->SetInt64(&money, Part(money, "amount_minor"), parsed->amount_minor());
  return Status::Ok();
}

Status SetMessage(Message& value, const std::string& text) {
  const std::string& type = value.GetDescriptor()->full_name();
  if (type == "google.protobuf.Timestamp") return SetTime(value, text);
  if (type == "crm.type.v1.Money") return SetMoney(value, text);
  if (type == "crm.type.v1.Phone") {
    value.GetReflection()->SetString(&value, Part(value, "number"), text);
    return Status::Ok();
  }
  return Bad(text, "a " + type + ", whose fields are given one by one");
}

template <class Integer>
Result<Integer> ParseInteger(const std::string& text) {
  Integer value = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return value;
  return Bad(text, "a whole number from " + std::to_string(std::numeric_limits<Integer>::min()) +
                       " to " + std::to_string(std::numeric_limits<Integer>::max()));
}

Status SetBool(Message& message, const FieldDescriptor& field, const std::string& text) {
  if (text != "true" && text != "false") return Bad(text, "true or false");
  const auto* reflection = message.GetReflection();
  field.is_repeated() ? reflection->AddBool(&message, &field, text == "true")
                      : reflection->SetBool(&message, &field, text == "true");
  return Status::Ok();
}

Status SetEnum(Message& message, const FieldDescriptor& field, const std::string& text) {
  const auto* value = field.enum_type()->FindValueByName(text);
  if (value == nullptr) return Bad(text, "one of " + field.enum_type()->name());
  const auto* reflection = message.GetReflection();
  field.is_repeated() ? reflection->AddEnum(&message, &field, value)
                      : reflection->SetEnum(&message, &field, value);
  return Status::Ok();
}

Status SetString(Message& message, const FieldDescriptor& field, const std::string& text) {
  const auto* reflection = message.GetReflection();
  field.is_repeated() ? reflection->AddString(&message, &field, text)
                      : reflection->SetString(&message, &field, text);
  return Status::Ok();
}

template <class Integer>
using Setter = void (Reflection::*)(Message*, const FieldDescriptor*, Integer) const;

template <class Integer>
Status SetInteger(Message& message, const FieldDescriptor& field, const std::string& text,
                  std::pair<Setter<Integer>, Setter<Integer>> set_or_add) {
  auto value = ParseInteger<Integer>(text);
  if (!value) return value.status();
  auto setter = field.is_repeated() ? set_or_add.second : set_or_add.first;
  (message.GetReflection()->*setter)(&message, &field, *value);
  return Status::Ok();
}

Status SetOne(Message& message, const FieldDescriptor& field, const std::string& text) {
  const auto* reflection = message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return SetString(message, field, text);
    case FieldDescriptor::CPPTYPE_BOOL:
      return SetBool(message, field, text);
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(message, field, text);
    case FieldDescriptor::CPPTYPE_INT32:
      return SetInteger<int32_t>(message, field, text,
                                 {&Reflection::SetInt32, &Reflection::AddInt32});
    case FieldDescriptor::CPPTYPE_INT64:
      return SetInteger<int64_t>(message, field, text,
                                 {&Reflection::SetInt64, &Reflection::AddInt64});
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetMessage(field.is_repeated() ? *reflection->AddMessage(&message, &field)
                                            : *reflection->MutableMessage(&message, &field),
                        text);
    default:
      return Bad(text, "of a type that a file can set");
  }
}

Status SetMapEntry(Message& message, const FieldDescriptor& field, const std::string& key,
                   const std::string& text) {
  auto* entry = message.GetReflection()->AddMessage(&message, &field);
  Status set = SetOne(*entry, *field.message_type()->map_key(), key);
  if (set.ok()) set = SetOne(*entry, *field.message_type()->map_value(), text);
  return set;
}

Status SetAt(Message& message, const std::string& path, const std::string& text) {
  auto dot = path.find('.');
  const auto* field = message.GetDescriptor()->FindFieldByName(path.substr(0, dot));
  if (field == nullptr) {
    return InvalidField(
        "", message.GetDescriptor()->name() + " has no field '" + path.substr(0, dot) + "'");
  }
  if (dot == std::string::npos && !field->is_map()) return SetOne(message, *field, text);
  if (dot != std::string::npos && field->is_map()) {
    return SetMapEntry(message, *field, path.substr(dot + 1), text);
  }
  if (dot == std::string::npos || field->is_repeated() ||
      field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return InvalidField("", "'" + field->name() + "' cannot be set like this");
  }
  auto* part = message.GetReflection()->MutableMessage(&message, field);
  return SetAt(*part, path.substr(dot + 1), text);
}

}  // namespace

Status SetValue(Message& message, const std::string& path, const std::string& text) {
  Status set = SetAt(message, path, text);
  if (set.ok()) return set;
  return InvalidField(path, set.field_violations().front().description);
}

}  // namespace crm::ctl
