#include "tools/crmctl/message_text.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

#include "libs/base/money.h"

namespace crm::ctl {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Types that protobuf's JSON writes as something other than an object of their fields.
bool HasJsonOfItsOwn(const google::protobuf::Descriptor& type) {
  return type.file()->package() == "google.protobuf" && type.name() != "Empty";
}

std::string Quoted(const std::string& text) {
  google::protobuf::StringValue value;
  value.set_value(text);
  return ToJson(value, false);
}

// JSON without the quotes of a single string: "2026-01-01T00:00:00Z" as a person writes it.
std::string Bare(std::string json) {
  if (json.size() >= 2 && json.front() == '"' && json.find('\\') == std::string::npos) {
    return json.substr(1, json.size() - 2);
  }
  return json;
}

std::string MessageText(const Message& message) {
  const auto* type = message.GetDescriptor();
  if (type->full_name() == "crm.type.v1.Money") {
    const auto* code = type->FindFieldByName("currency_code");
    const auto* amount = type->FindFieldByName("amount_minor");
    const auto* reflection = message.GetReflection();
    auto money =
        Money::Make(reflection->GetInt64(message, amount), reflection->GetString(message, code));
    if (money) return money->ToString();
  }
  return Bare(ToJson(message, false));
}

// One value of a field: element `index` of a repeated one, or the field itself for -1.
std::string ScalarText(const Message& record, const FieldDescriptor& field, int index) {
  const auto* reflection = record.GetReflection();
  if (field.type() == FieldDescriptor::TYPE_STRING) {
    return index < 0 ? reflection->GetString(record, &field)
                     : reflection->GetRepeatedString(record, &field, index);
  }
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    google::protobuf::BytesValue bytes;
    bytes.set_value(index < 0 ? reflection->GetString(record, &field)
                              : reflection->GetRepeatedString(record, &field, index));
    return MessageText(bytes);
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return MessageText(index < 0 ? reflection->GetMessage(record, &field)
                                 : reflection->GetRepeatedMessage(record, &field, index));
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    int number = index < 0 ? reflection->GetEnumValue(record, &field)
                           : reflection->GetRepeatedEnumValue(record, &field, index);
    const auto* value = field.enum_type()->FindValueByNumber(number);
    return value == nullptr ? std::to_string(number) : value->name();
  }
  std::string text;
  google::protobuf::TextFormat::PrintFieldValueToString(record, &field, index, &text);
  return text;
}

std::string MapText(const Message& record, const FieldDescriptor& field) {
  std::string text;
  const auto* reflection = record.GetReflection();
  for (int i = 0; i < reflection->FieldSize(record, &field); ++i) {
    const auto& entry = reflection->GetRepeatedMessage(record, &field, i);
    if (i > 0) text += ", ";
    text += ScalarText(entry, *field.message_type()->map_key(), -1) + "=" +
            ScalarText(entry, *field.message_type()->map_value(), -1);
  }
  return text;
}

void AppendYaml(const Message& message, const std::string& indent, bool in_list, std::string& out);

// Text is quoted as JSON does it, which YAML reads; other values are plain.
void AppendYamlValue(const Message& record, const FieldDescriptor& field, int index,
                     const std::string& indent, std::string& out) {
  const auto* reflection = record.GetReflection();
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    bool text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
                field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
    std::string value = ScalarText(record, field, index);
    out += " " + (text ? Quoted(value) : value) + "\n";
    return;
  }
  const auto& nested = index < 0 ? reflection->GetMessage(record, &field)
                                 : reflection->GetRepeatedMessage(record, &field, index);
  std::vector<const FieldDescriptor*> set;
  nested.GetReflection()->ListFields(nested, &set);
  if (HasJsonOfItsOwn(*nested.GetDescriptor()) || set.empty()) {
    out += " " + ToJson(nested, false) + "\n";
  } else if (index < 0) {
    out += "\n";
    AppendYaml(nested, indent + "  ", false, out);
  } else {
    AppendYaml(nested, indent + "  ", true, out);
  }
}

// `in_list`: the first field follows a dash on the same line.
void AppendYaml(const Message& message, const std::string& indent, bool in_list, std::string& out) {
  std::vector<const FieldDescriptor*> fields;
  const auto* reflection = message.GetReflection();
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    out += in_list ? " " : indent;
    in_list = false;
    out += field->name() + ":";
    if (!field->is_repeated()) {
      AppendYamlValue(message, *field, -1, indent, out);
      continue;
    }
    out += "\n";
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (field->is_map()) {
        const auto& entry = reflection->GetRepeatedMessage(message, field, i);
        out +=
            indent + "  " + Quoted(ScalarText(entry, *field->message_type()->map_key(), -1)) + ":";
        AppendYamlValue(entry, *field->message_type()->map_value(), -1, indent + "  ", out);
      } else {
        out += indent + "  -";
        AppendYamlValue(message, *field, i, indent + "  ", out);
      }
    }
  }
}

}  // namespace

std::string ToJson(const Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  options.preserve_proto_field_names = true;
  std::string json;
  auto printed = google::protobuf::util::MessageToJsonString(message, &json, options);
  // An Any of a type that no server describes has no JSON.
  if (!printed.ok()) return Quoted(std::string(printed.message()));
  return json;
}

std::string ToYaml(const Message& message) {
  std::string yaml;
  AppendYaml(message, "", false, yaml);
  return yaml.empty() ? "{}\n" : yaml;
}

std::string FieldText(const Message& record, const FieldDescriptor& field) {
  const auto* reflection = record.GetReflection();
  if (field.is_map()) return MapText(record, field);
  if (!field.is_repeated()) {
    return reflection->HasField(record, &field) ? ScalarText(record, field, -1) : "";
  }
  std::string text;
  for (int i = 0; i < reflection->FieldSize(record, &field); ++i) {
    text += (i == 0 ? "" : ", ") + ScalarText(record, field, i);
  }
  return text;
}

}  // namespace crm::ctl
