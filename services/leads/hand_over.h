// All open leads of one person go to another (C12). A call moves a bounded number; a timer goes on
// with the rest.
#pragma once

#include "crm/identity/v1/identity_events.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "libs/command/call.h"
#include "libs/timers/timers.h"

namespace crm::leads {

Result<v1::HandOverLeadsResponse> HandOverLeads(Call& call,
                                                const v1::HandOverLeadsRequest& request);

// To the successor, else to the head of the department, else back to the department.
Status HandOverOf(Call& call, const identity::v1::User& user,
                  const identity::v1::UserDismissed& fact);

TimerHandler HandOverTimer();

}  // namespace crm::leads
