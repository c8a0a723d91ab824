// One value as text into a field of any message: what cells of imports and values of YAML files
// are.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "libs/base/status.h"

namespace crm::ctl {

// Adds `text` to the field at `path` ("address.city"; the last part may be a key of a map):
// repeated fields grow, others are set. Times are RFC 3339, Money is "12.50 ILS", a phone is its
// number, an enum its name. INVALID_FIELD with `path` where there is no such field or `text` is no
// value of it. Thread-safe for different messages.
Status SetValue(google::protobuf::Message& message, const std::string& path,
                const std::string& text);

}  // namespace crm::ctl
