// All open tasks, planned meetings and pending reminders of one person go to another (C12).
#pragma once

#include "libs/people/hand_over.h"

namespace crm::activities {

std::shared_ptr<const people::HandOvers> ActivityHandOvers(const RecordTypes& types);

}  // namespace crm::activities
