// Tasks that rules ask for.
#pragma once

#include "libs/events/consumer.h"

namespace crm::activities {

// An action of a rule that asks for a task makes it, once; the task's id follows from the action's.
events::EventConsumer WorkflowConsumer();

}  // namespace crm::activities
