#include "services/gateway/field_path.h"

namespace crm::gateway {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor* FindField(const Descriptor& message, std::string_view name) {
  const std::string key(name);
  if (const auto* field = message.FindFieldByName(key)) return field;
  for (int i = 0; i < message.field_count(); ++i) {
    if (message.field(i)->json_name() == key) return message.field(i);
  }
  return nullptr;
}

Result<FieldPath> ResolveFieldPath(const Descriptor& message, std::string_view path) {
  FieldPath fields;
  const Descriptor* current = &message;
  std::string_view rest = path;
  while (true) {
    const size_t dot = rest.find('.');
    const auto* field = FindField(*current, rest.substr(0, dot));
    if (field == nullptr) {
      return InvalidField(std::string(path), "\"" + std::string(rest.substr(0, dot)) +
                                                 "\" is not a field of " + current->full_name());
    }
    fields.push_back(field);
    if (dot == std::string_view::npos) return fields;
    current = field->message_type();
    if (current == nullptr || field->is_repeated()) {
      return InvalidField(std::string(path), "\"" + field->name() + "\" has no fields of its own");
    }
    rest.remove_prefix(dot + 1);
  }
}

std::string ToString(const FieldPath& path) {
  std::string text;
  for (const auto* field : path) {
    if (!text.empty()) text += '.';
    text += field->name();
  }
  return text;
}

Message& MutableParent(Message& root, const FieldPath& path) {
  Message* message = &root;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    message = message->GetReflection()->MutableMessage(message, path[i]);
  }
  return *message;
}

const Message& Parent(const Message& root, const FieldPath& path) {
  const Message* message = &root;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    message = &message->GetReflection()->GetMessage(*message, path[i]);
  }
  return *message;
}

const FieldDescriptor* FindStringField(const Descriptor& message, const std::string& name) {
  const auto* field = message.FindFieldByName(name);
  const bool fits =
      field != nullptr && field->type() == FieldDescriptor::TYPE_STRING && !field->is_repeated();
  return fits ? field : nullptr;
}

}  // namespace crm::gateway
