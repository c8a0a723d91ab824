// What contacts and companies make of events of other services.
#pragma once

#include <memory>
#include <vector>

#include "libs/entity/hand_over.h"
#include "libs/events/consumer.h"

namespace crm::contacts {

std::vector<events::EventConsumer> Consumers(std::shared_ptr<const entity::HandOvers> hand_overs);

}  // namespace crm::contacts
