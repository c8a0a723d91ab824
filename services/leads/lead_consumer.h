// What leads does on events of other services.
#pragma once

#include "libs/events/consumer.h"

namespace crm::leads {

// A contact task that is done, or a call or meeting at which the person was reached: somebody was
// in touch.
events::EventConsumer ActivitiesConsumer();
// A deal that a conversion asked for cannot be: the conversion is taken back.
events::EventConsumer DealsConsumer();

}  // namespace crm::leads
