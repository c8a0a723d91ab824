// Checks of a record against the options in its proto, the same for every write whatever its path.
//
//   REQUIRED              is set (not empty, not zero)
//   max_length            characters of a string (default 1,000) or elements of a list or map
//   (default 100) min_value, max_value  of numbers reference, must_exist the form
//   collection/{uuid}; the record is there, not deleted, and the caller may get it email, phone
//   their normal forms; an address has the shape of one, a phone number is never refused always
//   enum values that the proto knows, times of years 1 to 9999, finite numbers, no control
//   characters,
//                         currencies of ISO 4217, bytes of at most 64 KiB
#pragma once

#include <google/protobuf/message.h>

#include <string_view>

#include "libs/base/status.h"
#include "libs/command/call.h"
#include "libs/command/record_type.h"

namespace crm::entity {

// INVALID_ARGUMENT with reason INVALID_FIELD and one violation for each fault, their paths
// beginning with `path` ("lead"). With `before` only top-level fields that differ from it are
// checked, so that a record from before a rule can still be changed elsewhere, and references it
// already had may dangle. References enter the call's check set.
Status Validate(Call& call, const RecordType& type, const google::protobuf::Message* before,
                const google::protobuf::Message& after, std::string_view path);

// One status for all violations; they must not be none.
Status InvalidFields(std::vector<FieldViolation> violations);

}  // namespace crm::entity
