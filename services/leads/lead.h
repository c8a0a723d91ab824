// What can become of a lead, and when. Pure.
#pragma once

#include <string_view>

#include "crm/leads/v1/lead.pb.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace crm::leads {

// What is done to a lead by verbs.
enum class Verb {
  kAssign,
  kRecordContact,
  kSetCallBack,
  kConvert,
  kUndoConversion,
  kDisqualify,
  kReopen,
};

// Still somebody's work: NEW or WORKING.
bool IsOpen(const v1::Lead& lead);

// The state after the verb; FAILED_PRECONDITION with reason LEAD_STATE and metadata name, state and
// verb where it cannot be done.
Result<v1::Lead::State> NextState(const v1::Lead& lead, Verb verb);

// What a lead has from its first moment.
void Begin(v1::Lead& lead, Time now);

}  // namespace crm::leads
