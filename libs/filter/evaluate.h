// Evaluation in memory, over any protobuf message.
#pragma once

#include <google/protobuf/message.h>

#include "libs/filter/checked_filter.h"
#include "libs/filter/value.h"

namespace crm::filter {

// Whether the filter is TRUE of the message (see condition.h). The message must have the descriptor
// that the filter was checked against. No look-ups by name, and no allocation for comparisons of
// singular fields. Thread-safe.
bool Matches(const CheckedFilter& filter, const google::protobuf::Message& message,
             const EvalContext& context = {});

// For a schema without a subject: everything is named through roots.
bool Matches(const CheckedFilter& filter, const EvalContext& context);

}  // namespace crm::filter
