// What must hold of a deal to enter a stage (D06): required fields and conditions, both in the
// product's one condition language. Pure.
#pragma once

#include <string>
#include <vector>

#include "crm/deals/v1/deal.pb.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/filter/schema.h"

namespace crm::deals {

// Every field of a deal, also those that lists cannot filter by: guards look at one deal in memory.
const filter::Schema& DealSchema();

// The condition that a required field stands for; INVALID_ARGUMENT where deals have no such field.
Result<std::string> RequiredCondition(const std::string& field);

// One violation of type STAGE_GUARD for each guard of the stage that does not hold; its subject is
// the deal. `now` is what now() means in the conditions.
std::vector<PreconditionViolation> FailingGuards(const v1::Stage& stage, const v1::Deal& deal,
                                                 Time now);

}  // namespace crm::deals
