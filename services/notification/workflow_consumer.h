// Notices that rules ask for.
#pragma once

#include "libs/events/consumer.h"

namespace crm::notification {

// An action of a rule that asks for a notice puts it into the person's inbox, once.
events::EventConsumer WorkflowConsumer();

}  // namespace crm::notification
