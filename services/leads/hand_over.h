// All open leads of one person go to another (C12).
#pragma once

#include "libs/people/hand_over.h"

namespace crm::leads {

std::shared_ptr<const people::HandOvers> LeadHandOvers(const RecordTypes& types);

}  // namespace crm::leads
