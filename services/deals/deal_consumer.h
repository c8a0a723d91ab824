// What deals make of events of other services.
#pragma once

#include "libs/events/consumer.h"

namespace crm::deals {

// A lead's conversion makes a deal or takes it back.
events::EventConsumer LeadsConsumer();

}  // namespace crm::deals
