#include "tools/crmctl/request_fields.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "google/api/field_behavior.pb.h"
#include "libs/base/money.h"
#include "tools/crmctl/method_names.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kMoney[] = "crm.type.v1.Money";
constexpr char kPhone[] = "crm.type.v1.Phone";

bool Has(const FieldDescriptor& field, google::api::FieldBehavior behavior) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == behavior) return true;
  }
  return false;
}

bool IsMessage(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

// Messages that are one value to a person.
bool IsValue(const Descriptor& type) {
  static const std::set<std::string> kValues = {"google.protobuf.Timestamp",
                                                "google.protobuf.Duration",
                                                "google.protobuf.FieldMask",
                                                "google.protobuf.StringValue",
                                                "google.protobuf.Int32Value",
                                                "google.protobuf.Int64Value",
                                                "google.protobuf.BoolValue",
                                                "google.protobuf.DoubleValue",
                                                kMoney,
                                                kPhone};
  return kValues.count(type.full_name()) != 0;
}

bool CanBeFlag(const FieldDescriptor& field) {
  return !field.is_map() && (!IsMessage(field) || IsValue(*field.message_type())) &&
         !Has(field, google::api::OUTPUT_ONLY);
}

std::string Quote(const std::string& text) {
  google::protobuf::StringValue value;
  value.set_value(text);
  std::string json;
  // Only text that is not UTF-8 fails; the empty string then fails to be a value of the field, with
  // the field's name.
  (void)google::protobuf::util::MessageToJsonString(value, &json);
  return json;
}

Result<std::string> MoneyJson(const std::string& text) {
  auto money = Money::Parse(text);
  if (!money) return Usage("'" + text + "' is not an amount: " + money.status().message());
  return "{\"currency_code\":" + Quote(std::string(money->currency().code())) +
         ",\"amount_minor\":\"" + std::to_string(money->amount_minor()) + "\"}";
}

std::string EnumName(const FieldDescriptor& field, const std::string& text) {
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const std::string& name = field.enum_type()->value(i)->name();
    if (std::ranges::equal(
            name, text, {}, [](unsigned char c) { return std::toupper(c); },
            [](unsigned char c) { return std::toupper(c); })) {
      return name;
    }
  }
  return text;
}

Result<std::string> ValueJson(const FieldDescriptor& field, const std::string& text) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text == "true" || text == "false") return text;
      return Usage(field.name() + " is true or false, not '" + text + "'.");
    case FieldDescriptor::CPPTYPE_ENUM:
      return Quote(EnumName(field, text));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
    default:
      return Quote(text);
  }
  const std::string& type = field.message_type()->full_name();
  if (text.starts_with("{") || text.starts_with("[")) return text;
  if (type == kMoney) return MoneyJson(text);
  if (type == kPhone) return "{\"number\":" + Quote(text) + "}";
  if (type == "google.protobuf.BoolValue") return text;
  if (IsValue(*field.message_type())) return Quote(text);
  return Usage(field.name() + " is a " + type + ": give it as JSON, or its fields one by one (" +
               field.name() + ".FIELD=VALUE).");
}

std::string FieldNames(const Descriptor& type) {
  std::string names;
  for (int i = 0; i < type.field_count(); ++i) {
    names += (i == 0 ? "" : ", ") + type.field(i)->name();
  }
  return names;
}

// The JSON that sets one field: {"lead":{"phone":{"number":"050"}}}.
Result<std::string> PathJson(const Descriptor& type, const std::string& path,
                             const std::string& text) {
  auto dot = path.find('.');
  std::string name = path.substr(0, dot);
  std::ranges::replace(name, '-', '_');
  const auto* field = type.FindFieldByName(name);
  if (field == nullptr) {
    return Usage("There is no field '" + name + "' in " + type.name() +
                 ". It has: " + FieldNames(type) + ".");
  }
  std::string key = "{" + Quote(field->name()) + ":";
  if (dot == std::string::npos) {
    auto value = ValueJson(*field, text);
    if (!value) return value.status();
    bool element = field->is_repeated() && !field->is_map() && !value->starts_with("[");
    return key + (element ? "[" + *value + "]" : *value) + "}";
  }
  std::string rest = path.substr(dot + 1);
  if (field->is_map()) {
    auto value = ValueJson(*field->message_type()->map_value(), text);
    if (!value) return value.status();
    return key + "{" + Quote(rest) + ":" + *value + "}}";
  }
  if (!IsMessage(*field) || field->is_repeated()) {
    return Usage("'" + name + "' has no fields of its own.");
  }
  auto inner = PathJson(*field->message_type(), rest, text);
  if (!inner) return inner.status();
  return key + *inner + "}";
}

}  // namespace

const FieldDescriptor* BodyOf(const Descriptor& request) {
  for (int i = 0; i < request.field_count(); ++i) {
    const auto* field = request.field(i);
    if (!IsMessage(*field) || field->is_repeated() || IsValue(*field->message_type())) continue;
    if (field->message_type()->FindFieldByName("name") != nullptr) return field;
  }
  return nullptr;
}

std::vector<FieldFlag> FlagsOf(const Descriptor& request) {
  std::vector<FieldFlag> flags;
  std::set<std::string> taken;
  auto add = [&](const Descriptor& type, const std::string& prefix) {
    for (int i = 0; i < type.field_count(); ++i) {
      const auto* field = type.field(i);
      if (!CanBeFlag(*field) || !taken.insert(field->name()).second) continue;
      flags.push_back({Kebab(field->name()), prefix + field->name(), field,
                       Has(*field, google::api::REQUIRED)});
    }
  };
  add(request, "");
  if (const auto* body = BodyOf(request)) add(*body->message_type(), body->name() + ".");
  return flags;
}

std::optional<std::string> PositionalOf(const Descriptor& request) {
  for (const char* name : {"name", "names", "parent"}) {
    if (request.FindFieldByName(name) != nullptr) return name;
  }
  if (request.name().starts_with("Update")) {
    if (const auto* body = BodyOf(request)) return body->name() + ".name";
  }
  for (int i = 0; i < request.field_count(); ++i) {
    const auto* field = request.field(i);
    if (field->type() == FieldDescriptor::TYPE_STRING && Has(*field, google::api::REQUIRED)) {
      return field->name();
    }
  }
  return std::nullopt;
}

Status SetField(Message& request, const std::string& path, const std::string& text) {
  const auto& type = *request.GetDescriptor();
  std::string first = path.substr(0, path.find('.'));
  std::ranges::replace(first, '-', '_');
  const auto* body = BodyOf(type);
  bool in_body = body != nullptr && type.FindFieldByName(first) == nullptr &&
                 body->message_type()->FindFieldByName(first) != nullptr;
  auto json = PathJson(type, in_body ? body->name() + "." + path : path, text);
  if (!json) return Usage(json.status().message());
  Status merged = MergeJson(request, *json);
  if (merged.ok()) return merged;
  return Usage("'" + text + "' is no value for " + path + ": " + merged.message());
}

Status MergeJson(Message& request, const std::string& json) {
  std::unique_ptr<Message> part(request.New());
  auto parsed = google::protobuf::util::JsonStringToMessage(json, part.get());
  if (!parsed.ok()) return Usage(std::string(parsed.message()));
  request.MergeFrom(*part);
  return Status::Ok();
}

}  // namespace crm::ctl
