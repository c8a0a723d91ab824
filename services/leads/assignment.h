// The rules of assignment at work: the first whose condition fits a lead says who gets it and how
// soon (L05 to L08).
#pragma once

#include "crm/leads/v1/lead.pb.h"
#include "libs/command/call.h"
#include "libs/timers/timers.h"
#include "services/leads/distribution.h"

namespace crm::leads {

// Chooses an owner for a lead that this call has stored or loaded, and stores it with LeadAssigned,
// whose reason says why this one and why not the others. A lead whose time of contact is not set
// yet gets it. Where nobody can take the lead, or identity does not answer, it waits in the rule's
// department and is tried again by a timer; so it never fails for that.
Status AssignByRules(Call& call, v1::Lead lead);

// Of the lead that waits for somebody who can take it.
TimerHandler AssignmentTimer();

}  // namespace crm::leads
