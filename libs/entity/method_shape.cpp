#include "libs/entity/method_shape.h"

#include <cstdio>
#include <cstdlib>

namespace crm::entity {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

void Mistake(const std::string& where, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", where.c_str(), what.c_str());
  std::abort();
}

const FieldDescriptor* FieldOf(const Descriptor* message, const Descriptor* record, bool repeated) {
  for (int i = 0; i < message->field_count(); ++i) {
    const auto* field = message->field(i);
    if (field->message_type() == record && field->is_repeated() == repeated) return field;
  }
  return nullptr;
}

MethodShape& MethodShape::Request(const char* field, FieldDescriptor::CppType kind, bool repeated) {
  Need(method_->input_type(), field, kind, repeated);
  return *this;
}

MethodShape& MethodShape::RequestHasRecord() {
  if (FieldOf(method_->input_type(), type_.message(), false) == nullptr) {
    Mistake(method_->full_name(),
            "the request has no field of type " + type_.message()->full_name());
  }
  return *this;
}

MethodShape& MethodShape::ReturnsRecord() {
  if (method_->output_type() != type_.message()) {
    Mistake(method_->full_name(), "must return " + type_.message()->full_name());
  }
  return *this;
}

MethodShape& MethodShape::ReturnsRecords() {
  if (FieldOf(method_->output_type(), type_.message(), true) == nullptr) {
    Mistake(method_->full_name(), "the response has no repeated " + type_.message()->full_name());
  }
  return *this;
}

MethodShape& MethodShape::Response(const char* text_field) {
  Need(method_->output_type(), text_field, FieldDescriptor::CPPTYPE_STRING, false);
  return *this;
}

MethodShape& MethodShape::NeedsSoftDelete() {
  if (!type_.soft_delete()) Mistake(method_->full_name(), "the record has no soft_delete");
  return *this;
}

void MethodShape::Need(const Descriptor* message, const char* name, FieldDescriptor::CppType kind,
                       bool repeated) {
  const auto* field = message->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != kind || field->is_repeated() != repeated) {
    Mistake(method_->full_name(), message->name() + " needs a field " + name);
  }
}

}  // namespace crm::entity
