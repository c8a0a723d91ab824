// Who is told what, on events of other services.
#pragma once

#include "libs/events/consumer.h"

namespace crm::notification {

// A task that became overdue: the head of the owner's department, once per due time (L09). A
// reminder that fired: its owner (L10). A task that was handed over: its new owner.
events::EventConsumer ActivitiesConsumer();
// A lead that was assigned: its owner, unless it was the owner's own doing.
events::EventConsumer LeadsConsumer();

}  // namespace crm::notification
