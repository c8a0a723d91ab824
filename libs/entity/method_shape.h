// MethodShape: what the messages of a standard method must have, checked once at start. What is
// missing is a mistake of the programmer: the process ends with a line that says which.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

#include "libs/command/record_type.h"

namespace crm::entity {

[[noreturn]] void Mistake(const std::string& where, const std::string& what);

// The field of a message that holds the record or the records, whatever its name; nullptr where
// there is none.
const google::protobuf::FieldDescriptor* FieldOf(const google::protobuf::Descriptor* message,
                                                 const google::protobuf::Descriptor* record,
                                                 bool repeated);

class MethodShape {
 public:
  MethodShape(const google::protobuf::MethodDescriptor* method, const RecordType& type)
      : method_(method), type_(type) {}

  MethodShape& Request(const char* field, google::protobuf::FieldDescriptor::CppType kind,
                       bool repeated = false);
  MethodShape& RequestHasRecord();
  MethodShape& ReturnsRecord();
  MethodShape& ReturnsRecords();
  MethodShape& Response(const char* text_field);
  MethodShape& NeedsSoftDelete();

 private:
  void Need(const google::protobuf::Descriptor* message, const char* name,
            google::protobuf::FieldDescriptor::CppType kind, bool repeated);

  const google::protobuf::MethodDescriptor* method_;
  const RecordType& type_;
};

}  // namespace crm::entity
