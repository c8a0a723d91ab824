// The one codec between a message and the bytes that are kept in tables and in the log. Sensitive
// fields pass here and nowhere else, so that encryption per person changes one place.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace crm {

// Deterministic for one build: equal messages give equal bytes. Two bodies are nevertheless
// compared as messages.
std::string EncodeRecord(const google::protobuf::Message& message);
// DATA_LOSS where the bytes are not such a message.
Status DecodeRecord(std::string_view bytes, google::protobuf::Message& message);

}  // namespace crm
