// All open tasks, planned meetings and pending reminders of one person go to another (C12). A call
// moves a bounded number; a timer goes on with the rest.
#pragma once

#include "crm/activities/v1/activity_service.pb.h"
#include "crm/identity/v1/identity_events.pb.h"
#include "libs/command/call.h"
#include "libs/timers/timers.h"

namespace crm::activities {

Result<v1::HandOverTasksResponse> HandOverTasks(Call& call,
                                                const v1::HandOverTasksRequest& request);

// To the successor, else to the superior, else back to the department.
Status HandOverOf(Call& call, const identity::v1::User& user,
                  const identity::v1::UserDismissed& fact);

TimerHandler HandOverTimer();

}  // namespace crm::activities
