// What activities does on events of other services.
#pragma once

#include "libs/events/consumer.h"

namespace crm::activities {

// A lead that waits for its first contact has exactly one task of kind "contact_lead", due when the
// lead says (L08), its owner's; a lead with a time to call back has exactly one reminder (L10).
// Both follow the lead.
events::EventConsumer LeadsConsumer();

}  // namespace crm::activities
