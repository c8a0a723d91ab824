// What activities does when something happens to a deal.
#pragma once

#include "libs/events/consumer.h"

namespace crm::activities {

// The planned meetings about a deal that is lost or deleted are cancelled: nobody is to travel to
// them.
events::EventConsumer DealsConsumer();

}  // namespace crm::activities
