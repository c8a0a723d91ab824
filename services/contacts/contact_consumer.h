// What contacts and companies make of events of other services.
#pragma once

#include "libs/events/consumer.h"

namespace crm::contacts {

// A lead's conversion makes a contact and a company or takes them back.
events::EventConsumer LeadsConsumer();
// A won deal makes customers (C01).
events::EventConsumer DealsConsumer();

}  // namespace crm::contacts
