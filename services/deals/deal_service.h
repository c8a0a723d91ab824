// DealService: the standard methods, the verbs of deal.h, the hand-over and the report.
#pragma once

#include <memory>
#include <vector>

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"
#include "libs/people/hand_over.h"

namespace crm::deals {

std::vector<MethodBinding> DealMethods(const RecordTypes& types, const entity::Settings& settings,
                                       std::shared_ptr<const people::HandOvers> hand_overs);

}  // namespace crm::deals
