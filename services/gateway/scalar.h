// One value of a primitive field from its text, by the rules of protobuf JSON. Used for JSON, query
// parameters and variables of the path alike. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "libs/base/status.h"

namespace crm::gateway {

struct ScalarText {
  enum class Origin {
    kJsonString,
    kJsonNumber,
    kJsonBool,
    kUrl,  // may mean any type
  };
  Origin origin;
  std::string_view text;
};

// Sets the field, or adds to it where it is repeated. `field` is not a message. `location`
// ("lead.rank") goes into the error: INVALID_FIELD with one violation that names what is expected.
// Integers are whole numbers in range, as a number or a string
// ("1e2" is one); bytes are base64 in either alphabet; enums a name or a number; strings must be
// UTF-8.
Status SetScalar(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                 const ScalarText& value, const std::string& location);

}  // namespace crm::gateway
