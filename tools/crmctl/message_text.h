// Messages and their fields as text, whatever their type.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace crm::ctl {

// A field as a person reads it: times in RFC 3339, money as "12.50 ILS", nested messages as JSON.
// Empty where it is not set.
std::string FieldText(const google::protobuf::Message& record,
                      const google::protobuf::FieldDescriptor& field);

std::string ToJson(const google::protobuf::Message& message, bool pretty);
std::string ToYaml(const google::protobuf::Message& message);

}  // namespace crm::ctl
