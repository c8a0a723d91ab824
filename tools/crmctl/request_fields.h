// The fields of a request as flags, and values as text: `--page-size 5`, `--set lead.phone=050...`.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"

namespace crm::ctl {

// A field that has a flag of its own.
struct FieldFlag {
  std::string flag;  // "page-size"
  std::string path;  // "page_size", or "lead.display_name" for a field of the body
  const google::protobuf::FieldDescriptor* field;
  bool required = false;
};

// The field that holds the resource of a Create or Update: the first one whose message has a
// `name`. Null where there is none.
const google::protobuf::FieldDescriptor* BodyOf(const google::protobuf::Descriptor& request);

// Flags for the request's fields and, where the names are free, for the body's that a client may
// set.
std::vector<FieldFlag> FlagsOf(const google::protobuf::Descriptor& request);

// The field that words without a flag go to: name, names, parent, the body's name in an update, or
// else the first required text.
std::optional<std::string> PositionalOf(const google::protobuf::Descriptor& request);

// Adds `text` to the field at `path` (dotted; the last part may be a key of a map): repeated fields
// grow, others are set. A path that the request has not is looked for in the body. Besides what
// protobuf's JSON takes, Money is "12.50 ILS", a phone is its number and an enum is in either case.
// A usage error says what is wrong with path or value.
Status SetField(google::protobuf::Message& request, const std::string& path,
                const std::string& text);

// Merges a JSON object into the request; both spellings of a field name work.
Status MergeJson(google::protobuf::Message& request, const std::string& json);

}  // namespace crm::ctl
