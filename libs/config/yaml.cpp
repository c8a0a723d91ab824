#include "libs/config/yaml.h"

#include <google/protobuf/duration.pb.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <map>
#include <set>
#include <vector>

#include "crm/options/v1/options.pb.h"
#include "libs/config/assign.h"
#include "libs/config/config.h"
#include "libs/config/duration.h"

namespace crm::config {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string Join(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "." + name;
}

class Reader {
 public:
  Reader(const Message& root, const std::string& name, Problems& problems)
      : root_(*root.GetDescriptor()), name_(name), problems_(problems) {}

  void ReadMessage(Message& message, const YAML::Node& node, const std::string& path) {
    if (node.IsNull()) return;
    if (!node.IsMap()) return Wrong(node, path, "is a group of keys");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return Wrong(entry.first, path, "has keys that are words");
      std::string key = entry.first.Scalar();
      Place place = At(entry.first, Join(path, key));
      if (!seen.insert(key).second) {
        problems_.Add(place.origin, place.path, "is there twice.");
        continue;
      }
      const auto* field = FindKey(root_, *message.GetDescriptor(), key, place, problems_);
      if (field != nullptr) ReadField(message, *field, entry.second, place.path);
    }
  }

 private:
  void ReadField(Message& message, const FieldDescriptor& field, const YAML::Node& node,
                 const std::string& path) {
    if (node.IsNull()) return;
    if (field.is_map()) return ReadMap(message, field, node, path);
    if (!IsScalar(field)) {
      return ReadMessage(*message.GetReflection()->MutableMessage(&message, &field), node, path);
    }
    if (!field.is_repeated()) return ReadScalar(message, field, node, path);
    if (!node.IsSequence()) return Wrong(node, path, "is a list, like [a, b]");
    message.GetReflection()->ClearField(&message, &field);
    for (const auto& element : node) ReadScalar(message, field, element, path);
  }

  void ReadMap(Message& message, const FieldDescriptor& field, const YAML::Node& node,
               const std::string& path) {
    if (!node.IsMap()) return Wrong(node, path, "holds named entries");
    const FieldDescriptor* value = field.message_type()->map_value();
    for (const auto& item : node) {
      std::string key = item.first.as<std::string>("");
      Message& entry = MapEntry(message, field, key);
      std::string below = Join(path, key);
      if (IsScalar(*value)) {
        ReadScalar(entry, *value, item.second, below);
      } else {
        ReadMessage(*entry.GetReflection()->MutableMessage(&entry, value), item.second, below);
      }
    }
  }

  void ReadScalar(Message& message, const FieldDescriptor& field, const YAML::Node& node,
                  const std::string& path) {
    if (!node.IsScalar()) return Wrong(node, path, "is a single value");
    SetScalar(message, field, node.Scalar(), At(node, path), problems_);
  }

  Place At(const YAML::Node& node, const std::string& path) const {
    return {path, name_ + ":" + std::to_string(node.Mark().line + 1)};
  }

  void Wrong(const YAML::Node& node, const std::string& path, const std::string& should) {
    static const std::map<YAML::NodeType::value, std::string> kTypes = {
        {YAML::NodeType::Scalar, "a single value"},
        {YAML::NodeType::Sequence, "a list"},
        {YAML::NodeType::Map, "a group of keys"},
        {YAML::NodeType::Null, "nothing"}};
    auto type = kTypes.find(node.Type());
    std::string is = type == kTypes.end() ? "" : ", not " + type->second;
    Place place = At(node, path.empty() ? "the file" : path);
    problems_.Add(place.origin, place.path, should + is + ".");
  }

  const google::protobuf::Descriptor& root_;
  const std::string& name_;
  Problems& problems_;
};

class Printer {
 public:
  std::string Print(const Message& root) {
    out_.SetNullFormat(YAML::LowerNull);
    PrintMessage(root);
    return std::string(out_.c_str()) + "\n";
  }

 private:
  void PrintMessage(const Message& message) {
    out_ << YAML::BeginMap;
    const auto* descriptor = message.GetDescriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const FieldDescriptor& field = *descriptor->field(i);
      out_ << YAML::Key << field.name() << YAML::Value;
      PrintField(message, field);
    }
    out_ << YAML::EndMap;
  }

  void PrintField(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    if (field.is_map()) return PrintMap(message, field);
    if (field.is_repeated()) {
      out_ << YAML::Flow << YAML::BeginSeq;
      for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
        out_ << reflection.GetRepeatedString(message, &field, i);
      }
      out_ << YAML::EndSeq;
      return;
    }
    bool masked = field.options().GetExtension(options::v1::field).sensitive();
    if (masked && reflection.HasField(message, &field)) {
      out_ << "***";
      return;
    }
    PrintScalar(message, field);
  }

  // Sorted, so that the same configuration prints the same text.
  void PrintMap(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    const FieldDescriptor* key = field.message_type()->map_key();
    std::map<std::string, const Message*> entries;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      entries[entry.GetReflection()->GetString(entry, key)] = &entry;
    }
    if (entries.empty()) out_ << YAML::Flow;
    out_ << YAML::BeginMap;
    for (const auto& [name, entry] : entries) {
      out_ << YAML::Key << name << YAML::Value;
      PrintField(*entry, *field.message_type()->map_value());
    }
    out_ << YAML::EndMap;
  }

  void PrintScalar(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        out_ << reflection.GetString(message, &field);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        out_ << reflection.GetBool(message, &field);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        PrintInt(reflection.GetInt32(message, &field), field);
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        PrintDouble(reflection.GetDouble(message, &field));
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        PrintEnum(message, field);
        break;
      default:
        PrintNested(message, field);
    }
  }

  // A zero that is out of range means "not set".
  void PrintInt(int32_t value, const FieldDescriptor& field) {
    if (value == 0 && field.options().GetExtension(options::v1::field).min_value() > 0) {
      out_ << YAML::Null;
    } else {
      out_ << value;
    }
  }

  // The shortest text that reads as the same number.
  void PrintDouble(double value) {
    char digits[32];
    out_ << std::string(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }

  void PrintEnum(const Message& message, const FieldDescriptor& field) {
    const auto* value = message.GetReflection()->GetEnum(message, &field);
    if (value->number() == 0) {
      out_ << YAML::Null;
    } else {
      out_ << EnumText(*value);
    }
  }

  void PrintNested(const Message& message, const FieldDescriptor& field) {
    const Message& nested = message.GetReflection()->GetMessage(message, &field);
    const auto* duration =
        google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(&nested);
    if (duration == nullptr) {
      PrintMessage(nested);
    } else if (message.GetReflection()->HasField(message, &field)) {
      out_ << FormatDuration(ToDuration(*duration));
    } else {
      out_ << YAML::Null;
    }
  }

  YAML::Emitter out_;
};

}  // namespace

Status ApplyYaml(Message& root, std::string_view yaml, const std::string& name,
                 Problems& problems) {
  try {
    Reader(root, name, problems).ReadMessage(root, YAML::Load(std::string(yaml)), "");
  } catch (const YAML::Exception& error) {
    std::string where = name;
    if (!error.mark.is_null()) where += ":" + std::to_string(error.mark.line + 1);
    Status status =
        InvalidArgument("CONFIG_SYNTAX", where + ": this is not YAML: " + error.msg + ".");
    status.With("file", name);
    return status;
  }
  return Status();
}

std::string PrintYaml(const Message& root) {
  return Printer().Print(root);
}

}  // namespace crm::config
