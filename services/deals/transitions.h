// What can be done with a deal, and what stands in the way of the rest: the verbs themselves, tried
// on a copy. Pure.
#pragma once

#include "crm/deals/v1/deal_service.pb.h"
#include "libs/base/clock.h"

namespace crm::deals {

// A move to every other stage in the pipeline's order, then win, lose and reopen.
v1::ListTransitionsResponse Transitions(const v1::Pipeline& pipeline, const v1::Deal& deal,
                                        Time now);

}  // namespace crm::deals
