// Protobuf JSON to messages, by the letter of the proto3 mapping: lowerCamel and original names,
// integers of 64 bits as strings or numbers, enums by name or number, null as absent; unknown
// fields, a field twice (under either name), two members of a oneof, null in a list and a single
// value where a list belongs are refused. protobuf's own parser lets most of those pass; only the
// well-known types (Timestamp, Duration, FieldMask, Struct, Any ...) are left to it.
//
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "libs/base/status.h"

namespace crm::gateway {

// Reads an object into `message`, which is empty before. Fails with INVALID_JSON (line and column),
// JSON_TOO_DEEP, or INVALID_FIELD whose violation names the field by its path from the root.
Status ReadJson(std::string_view text, google::protobuf::Message& message);

// The same for a body that is one field of the request ("body: lead"); paths in errors start with
// its name.
Status ReadJsonField(std::string_view text, google::protobuf::Message& message,
                     const google::protobuf::FieldDescriptor& field);

// A field's value from a query parameter or a variable of the path. Repeated fields are added to.
// Messages are refused, except well-known types with a JSON form of one word:
// "2026-11-22T04:15:00Z", "1.5s", "displayName,phone", wrappers.
Status SetFromUrl(google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor& field, std::string_view text,
                  const std::string& location);

}  // namespace crm::gateway
