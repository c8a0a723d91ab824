// Setting keys of a configuration message by reflection: text to typed value, with every mistake
// named. Private to libs/config.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "libs/config/problems.h"

namespace crm::config {

// A field and where it was found, for messages.
struct Place {
  std::string path;    // "kafka.bootstrap_servers"
  std::string origin;  // "crm.yaml:3"
};

// The field of that name, or null and a problem that suggests the nearest one. `place` is that of
// `key` itself.
const google::protobuf::FieldDescriptor* FindKey(const google::protobuf::Descriptor& root,
                                                 const google::protobuf::Descriptor& message,
                                                 const std::string& key, const Place& place,
                                                 Problems& problems);

// Whether the field's value is one text: a scalar, an enum or a duration, also as an element of a
// list.
bool IsScalar(const google::protobuf::FieldDescriptor& field);

// Sets a scalar field, or adds an element to a list of scalars, after checking type and range.
void SetScalar(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
               const std::string& text, const Place& place, Problems& problems);

// Empties a list and fills it from elements separated by commas; "" is the empty list.
void SetList(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
             const std::string& text, const Place& place, Problems& problems);

// The entry of a map under `key`, made where it is absent. Its value is the field "value" of the
// entry.
google::protobuf::Message& MapEntry(google::protobuf::Message& message,
                                    const google::protobuf::FieldDescriptor& field,
                                    const std::string& key);

// Sets the key at place.path below `root` from one text, as the environment and flags do.
void Assign(google::protobuf::Message& root, const std::string& text, const Place& place,
            Problems& problems);

// The name by which a value of an enum is written: without the prefix that its values share, in
// lower case.
std::string EnumText(const google::protobuf::EnumValueDescriptor& value);

}  // namespace crm::config
