// What can become of a meeting. Pure.
#pragma once

#include <string>

#include "crm/activities/v1/meeting.pb.h"
#include "libs/base/status.h"

namespace crm::activities {

// INVALID_FIELD where it would end before it begins, or at once.
Status CheckTimes(const v1::Meeting& meeting);

// Held or cancelled, with what came of it. FAILED_PRECONDITION with reason MEETING_STATE and
// metadata name and state where it is not planned.
Status Close(v1::Meeting::State state, const std::string& result, v1::Meeting& meeting);

}  // namespace crm::activities
