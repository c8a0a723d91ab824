// The normal forms in which a record's texts are stored, so that equal things compare as equal.
#pragma once

#include <google/protobuf/message.h>

#include <string_view>

namespace crm::entity {

// Brings e-mail addresses into their normal form and fills the E.164 form of phone numbers
// (crm.type.v1.Phone everywhere, and strings marked `phone`, which keep what cannot be understood).
// `phone_region` is the country of numbers without one.
void Normalize(std::string_view phone_region, google::protobuf::Message& record);

}  // namespace crm::entity
