#include "services/gateway/json_reader.h"

#include <set>

#include "google/protobuf/util/json_util.h"
#include "services/gateway/field_path.h"
#include "services/gateway/json_cursor.h"
#include "services/gateway/scalar.h"

namespace crm::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Origin = ScalarText::Origin;

bool IsWrapper(const Descriptor& type) {
  return type.well_known_type() >= Descriptor::WELLKNOWNTYPE_DOUBLEVALUE &&
         type.well_known_type() <= Descriptor::WELLKNOWNTYPE_BOOLVALUE;
}

bool AcceptsNull(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) {
    return field.message_type()->well_known_type() == Descriptor::WELLKNOWNTYPE_VALUE;
  }
  return field.enum_type() != nullptr &&
         field.enum_type()->full_name() == "google.protobuf.NullValue";
}

Status WellKnown(std::string_view json, Message& message, const std::string& location) {
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &message);
  if (status.ok()) return {};
  return InvalidField(location, "expected " + message.GetDescriptor()->full_name() +
                                    " in its JSON form, got " + std::string(json.substr(0, 60)));
}

class Reader {
 public:
  explicit Reader(std::string_view text) : cursor_(text) {}

  Status Object(Message& message, const std::string& location) {
    std::set<int> seen;
    std::set<const google::protobuf::OneofDescriptor*> chosen;
    const std::string prefix = location.empty() ? "" : location + ".";
    if (auto status = Expect(JsonKind::kObject, location, "an object"); !status.ok()) return status;
    return cursor_.ReadObject([&](const std::string& key) {
      const auto* field = FindField(*message.GetDescriptor(), key);
      if (field == nullptr) {
        return InvalidField(prefix + key, "unknown field; " + message.GetDescriptor()->full_name() +
                                              " has none of this name");
      }
      if (!seen.insert(field->number()).second) {
        return InvalidField(prefix + field->name(), "the field is given twice");
      }
      auto kind = cursor_.Peek();
      if (!kind) return kind.status();
      if (*kind == JsonKind::kNull && !AcceptsNull(*field)) return cursor_.ReadNull();
      if (const auto* oneof = field->containing_oneof();
          oneof != nullptr && !chosen.insert(oneof).second) {
        return InvalidField(prefix + field->name(),
                            "another field of \"" + oneof->name() + "\" is given; send only one");
      }
      return Field(message, *field, prefix + field->name());
    });
  }

  Status Field(Message& message, const FieldDescriptor& field, const std::string& location) {
    if (field.is_map()) return Map(message, field, location);
    if (!field.is_repeated()) return Value(message, field, location);
    if (auto status = Expect(JsonKind::kArray, location, "an array"); !status.ok()) return status;
    return cursor_.ReadArray([&](size_t index) {
      const std::string element = location + "[" + std::to_string(index) + "]";
      auto kind = cursor_.Peek();
      if (!kind) return kind.status();
      if (*kind == JsonKind::kNull && !AcceptsNull(field)) {
        return InvalidField(element, "null cannot stand in a list; leave it out");
      }
      return Value(message, field, element);
    });
  }

  Status End() { return cursor_.ExpectEnd(); }

 private:
  // One value: of a single field, or one more of a repeated one.
  Status Value(Message& message, const FieldDescriptor& field, const std::string& location) {
    if (field.message_type() == nullptr) return Scalar(message, field, location);
    const auto* access = message.GetReflection();
    Message& inner = field.is_repeated() ? *access->AddMessage(&message, &field)
                                         : *access->MutableMessage(&message, &field);
    if (IsWrapper(*field.message_type())) {
      return Scalar(inner, *field.message_type()->field(0), location);
    }
    if (field.message_type()->well_known_type() == Descriptor::WELLKNOWNTYPE_UNSPECIFIED) {
      return Object(inner, location);
    }
    auto json = cursor_.ReadRaw();
    return json ? WellKnown(*json, inner, location) : json.status();
  }

  Status Scalar(Message& message, const FieldDescriptor& field, const std::string& location) {
    auto kind = cursor_.Peek();
    if (!kind) return kind.status();
    if (*kind == JsonKind::kString) {
      auto text = cursor_.ReadString();
      if (!text) return text.status();
      return SetScalar(message, field, {Origin::kJsonString, *text}, location);
    }
    auto raw = cursor_.ReadRaw();
    if (!raw) return raw.status();
    if (*kind == JsonKind::kNull) {
      return SetScalar(message, field, {Origin::kJsonNumber, "0"}, location);
    }
    const Origin origin = *kind == JsonKind::kNumber ? Origin::kJsonNumber : Origin::kJsonBool;
    return SetScalar(message, field, {origin, *raw}, location);
  }

  Status Map(Message& message, const FieldDescriptor& field, const std::string& location) {
    std::set<std::string> keys;
    const auto& key_field = *field.message_type()->map_key();
    const auto& value_field = *field.message_type()->map_value();
    if (auto status = Expect(JsonKind::kObject, location, "an object"); !status.ok()) return status;
    return cursor_.ReadObject([&](const std::string& key) {
      const std::string entry_location = location + "[\"" + key + "\"]";
      if (!keys.insert(key).second) return InvalidField(entry_location, "the key is given twice");
      auto kind = cursor_.Peek();
      if (!kind) return kind.status();
      if (*kind == JsonKind::kNull && !AcceptsNull(value_field)) {
        return InvalidField(entry_location, "null cannot stand in a map; leave the key out");
      }
      Message& entry = *message.GetReflection()->AddMessage(&message, &field);
      // A key is always quoted, whatever its type.
      if (auto status = SetScalar(entry, key_field, {Origin::kUrl, key}, entry_location);
          !status.ok()) {
        return status;
      }
      return Value(entry, value_field, entry_location);
    });
  }

  Status Expect(JsonKind expected, const std::string& location, const std::string& what) {
    auto kind = cursor_.Peek();
    if (!kind) return kind.status();
    if (*kind == expected) return {};
    if (location.empty()) return InvalidArgument("INVALID_JSON", "The body must be " + what + ".");
    return InvalidField(location, "expected " + what);
  }

  JsonCursor cursor_;
};

}  // namespace

Status ReadJson(std::string_view text, Message& message) {
  Reader reader(text);
  auto status = reader.Object(message, "");
  return status.ok() ? reader.End() : status;
}

Status ReadJsonField(std::string_view text, Message& message, const FieldDescriptor& field) {
  Reader reader(text);
  auto status = reader.Field(message, field, field.name());
  return status.ok() ? reader.End() : status;
}

Status SetFromUrl(Message& message, const FieldDescriptor& field, std::string_view text,
                  const std::string& location) {
  if (field.message_type() == nullptr) {
    return SetScalar(message, field, {Origin::kUrl, text}, location);
  }
  if (field.is_repeated()) {
    return InvalidField(location, "a list or map of messages cannot be given in the URL");
  }
  Message& inner = *message.GetReflection()->MutableMessage(&message, &field);
  if (IsWrapper(*field.message_type())) {
    return SetScalar(inner, *field.message_type()->field(0), {Origin::kUrl, text}, location);
  }
  switch (field.message_type()->well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case Descriptor::WELLKNOWNTYPE_DURATION:
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      break;
    default:
      return InvalidField(location, "give its fields one by one, like " + location + ".<field>=");
  }
  if (text.find_first_of("\"\\") != std::string_view::npos) {
    return InvalidField(location, "quotes and backslashes cannot stand here");
  }
  return WellKnown("\"" + std::string(text) + "\"", inner, location);
}

}  // namespace crm::gateway
