#include "libs/config/assign.h"

#include <google/protobuf/duration.pb.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "crm/options/v1/options.pb.h"
#include "libs/config/duration.h"
#include "libs/config/suggest.h"

namespace crm::config {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

template <class Number>
std::optional<Number> ParseNumber(const std::string& text) {
  Number value;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor& type, const std::string& text) {
  for (int i = 1; i < type.value_count(); ++i) {
    if (EnumText(*type.value(i)) == text) return type.value(i);
  }
  return nullptr;
}

std::string EnumChoices(const EnumDescriptor& type) {
  std::string choices;
  for (int i = 1; i < type.value_count(); ++i) {
    choices += (i == 1 ? "" : ", ") + EnumText(*type.value(i));
  }
  return choices;
}

// Writes one parsed value into a field, or at the end of it where it is a list.
class Writer {
 public:
  Writer(Message& message, const FieldDescriptor& field)
      : message_(message), field_(field), reflection_(*message.GetReflection()) {}

  // What is wrong with the text; "" where it was written.
  std::string Write(const std::string& text) {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (field_.is_repeated()) {
          reflection_.AddString(&message_, &field_, text);
        } else {
          reflection_.SetString(&message_, &field_, text);
        }
        return "";
      case FieldDescriptor::CPPTYPE_BOOL:
        return WriteBool(text);
      case FieldDescriptor::CPPTYPE_INT32:
        return WriteInt32(text);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return WriteDouble(text);
      case FieldDescriptor::CPPTYPE_ENUM:
        return WriteEnum(text);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return WriteDuration(text);
      default:
        return "has a type that a configuration cannot hold";
    }
  }

 private:
  std::string WriteBool(const std::string& text) {
    if (text != "true" && text != "false") return "is true or false, not '" + text + "'";
    reflection_.SetBool(&message_, &field_, text == "true");
    return "";
  }

  std::string WriteInt32(const std::string& text) {
    auto value = ParseNumber<int64_t>(text);
    if (!value) return "is a whole number, not '" + text + "'";
    const auto& options = field_.options().GetExtension(options::v1::field);
    int64_t low = std::numeric_limits<int32_t>::min();
    int64_t high = std::numeric_limits<int32_t>::max();
    if (options.max_value() > options.min_value()) {
      low = options.min_value();
      high = options.max_value();
    }
    if (*value < low || *value > high) {
      return "is a number from " + std::to_string(low) + " to " + std::to_string(high) + ", not " +
             text;
    }
    reflection_.SetInt32(&message_, &field_, static_cast<int32_t>(*value));
    return "";
  }

  std::string WriteDouble(const std::string& text) {
    auto value = ParseNumber<double>(text);
    if (!value) return "is a number, not '" + text + "'";
    reflection_.SetDouble(&message_, &field_, *value);
    return "";
  }

  std::string WriteEnum(const std::string& text) {
    const EnumValueDescriptor* value = FindEnumValue(*field_.enum_type(), text);
    if (value == nullptr)
      return "is one of " + EnumChoices(*field_.enum_type()) + ", not '" + text + "'";
    reflection_.SetEnum(&message_, &field_, value);
    return "";
  }

  std::string WriteDuration(const std::string& text) {
    auto value = ParseDuration(text);
    if (!value) return "is a duration like 500ms, 10s, 5m or 168h, not '" + text + "'";
    reflection_.MutableMessage(&message_, &field_)->CopyFrom(ToProto(*value));
    return "";
  }

  Message& message_;
  const FieldDescriptor& field_;
  const Reflection& reflection_;
};

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (true) {
    size_t end = text.find(separator, start);
    parts.push_back(text.substr(start, end - start));
    if (end == std::string::npos) return parts;
    start = end + 1;
  }
}

std::string JoinFrom(const std::vector<std::string>& parts, size_t first) {
  std::string text;
  for (size_t i = first; i < parts.size(); ++i) text += (i == first ? "" : ".") + parts[i];
  return text;
}

}  // namespace

std::string EnumText(const EnumValueDescriptor& value) {
  // The zero value is <PREFIX>_UNSPECIFIED, which tells the prefix.
  static constexpr std::string_view kZero = "UNSPECIFIED";
  size_t prefix = value.type()->value(0)->name().size() - kZero.size();
  std::string text = value.name().substr(prefix);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

const FieldDescriptor* FindKey(const Descriptor& root, const Descriptor& message,
                               const std::string& key, const Place& place, Problems& problems) {
  const FieldDescriptor* field = message.FindFieldByName(key);
  if (field != nullptr) return field;
  size_t parent = place.path.size() > key.size() ? place.path.size() - key.size() - 1 : 0;
  std::string nearest = NearestKey(root, message, place.path.substr(0, parent), key);
  problems.Add(place.origin, place.path,
               "is not a known key" + (nearest.empty() ? "." : "; did you mean " + nearest + "?"));
  return nullptr;
}

bool IsScalar(const FieldDescriptor& field) {
  return field.message_type() == nullptr ||
         field.message_type() == google::protobuf::Duration::descriptor();
}

void SetScalar(Message& message, const FieldDescriptor& field, const std::string& text,
               const Place& place, Problems& problems) {
  std::string wrong = Writer(message, field).Write(text);
  if (!wrong.empty()) problems.Add(place.origin, place.path, wrong + ".");
}

void SetList(Message& message, const FieldDescriptor& field, const std::string& text,
             const Place& place, Problems& problems) {
  message.GetReflection()->ClearField(&message, &field);
  if (text.empty()) return;
  for (const auto& element : Split(text, ',')) SetScalar(message, field, element, place, problems);
}

Message& MapEntry(Message& message, const FieldDescriptor& field, const std::string& key) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* key_field = field.message_type()->map_key();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    Message* entry = reflection.MutableRepeatedMessage(&message, &field, i);
    if (entry->GetReflection()->GetString(*entry, key_field) == key) return *entry;
  }
  Message* entry = reflection.AddMessage(&message, &field);
  entry->GetReflection()->SetString(entry, key_field, key);
  return *entry;
}

void Assign(Message& root, const std::string& text, const Place& place, Problems& problems) {
  std::vector<std::string> segments = Split(place.path, '.');
  Message* message = &root;
  std::string path;
  for (size_t i = 0; i < segments.size(); ++i) {
    path += (i == 0 ? "" : ".") + segments[i];
    Place here{path, place.origin};
    const auto* field =
        FindKey(*root.GetDescriptor(), *message->GetDescriptor(), segments[i], here, problems);
    if (field == nullptr) return;
    bool is_last = i + 1 == segments.size();
    if (field->is_map()) {
      const FieldDescriptor* value = field->message_type()->map_value();
      if (is_last) return problems.Add(place.origin, path, "holds named entries; set one of them.");
      if (IsScalar(*value)) {
        // The rest is the entry's name, dots and all: services.crm.leads.v1.
        return SetScalar(MapEntry(*message, *field, JoinFrom(segments, i + 1)), *value, text, place,
                         problems);
      }
      Message& entry = MapEntry(*message, *field, segments[++i]);
      path += "." + segments[i];
      message = entry.GetReflection()->MutableMessage(&entry, value);
    } else if (!IsScalar(*field)) {
      message = message->GetReflection()->MutableMessage(message, field);
    } else if (!is_last) {
      return problems.Add(place.origin, path, "is a value and has no keys below it.");
    } else if (field->is_repeated()) {
      return SetList(*message, *field, text, place, problems);
    } else {
      return SetScalar(*message, *field, text, place, problems);
    }
  }
  problems.Add(place.origin, place.path, "is a group of keys; set one of them.");
}

}  // namespace crm::config
