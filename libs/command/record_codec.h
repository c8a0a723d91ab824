// The one codec between a message, the bytes that are kept in tables and in the log, and those that
// clients get. Sensitive fields pass here and nowhere else, so that encryption per person changes
// one place.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/command/record_type.h"
#include "libs/command/store.h"

namespace crm {

// Deterministic for one build: equal messages give equal bytes. Two bodies are nevertheless
// compared as messages.
std::string EncodeRecord(const google::protobuf::Message& message);
// DATA_LOSS where the bytes are not such a message.
Status DecodeRecord(std::string_view bytes, google::protobuf::Message& message);
// A stored record as clients get it: its bytes and, behind them, the etag of its version. It is not
// decoded for that, which for a list would cost more than all else.
std::string EncodeStored(const RecordType& type, StoredRecord record);
// Adds a text or an encoded message as one more value of `field` to the bytes of a message.
void AppendField(const google::protobuf::FieldDescriptor* field, std::string_view value,
                 std::string& message);

}  // namespace crm
