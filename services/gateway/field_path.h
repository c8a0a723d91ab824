// Paths of fields inside a message ("lead.phones"), by original or by JSON name. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "libs/base/status.h"

namespace crm::gateway {

// From the outermost field to the innermost.
using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;

// A field by "display_name" or "displayName"; nullptr where there is none.
const google::protobuf::FieldDescriptor* FindField(const google::protobuf::Descriptor& message,
                                                   std::string_view name);

// Fails (INVALID_FIELD) where a part is unknown or something but the last is not a single message.
Result<FieldPath> ResolveFieldPath(const google::protobuf::Descriptor& message,
                                   std::string_view path);

// "lead.name", in original names.
std::string ToString(const FieldPath& path);

// The message that holds the path's last field, created on the way.
google::protobuf::Message& MutableParent(google::protobuf::Message& root, const FieldPath& path);
// The same for reading; an unset message on the way reads as its default.
const google::protobuf::Message& Parent(const google::protobuf::Message& root,
                                        const FieldPath& path);

// The top-level field of type string with that name; nullptr where there is none.
const google::protobuf::FieldDescriptor* FindStringField(
    const google::protobuf::Descriptor& message, const std::string& name);

}  // namespace crm::gateway
