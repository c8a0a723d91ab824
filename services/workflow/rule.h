// Rules as pure functions: what makes one valid, whether an event fires it, and what it then asks
// for.
#pragma once

#include <optional>
#include <vector>

#include "crm/workflow/v1/rule.pb.h"
#include "services/workflow/catalog.h"

namespace crm::workflow {

// Checks events, condition and actions together, and writes the events as full names.
// INVALID_ARGUMENT with the field that is wrong ("rule.condition").
Status Validate(v1::Rule& rule);

// Whether the rule is to fire: it is active, names the event, its condition holds, and the event is
// not one of a run that it leaves alone. A rule whose condition does not fit the record any more (a
// field has gone) is FAILED_PRECONDITION.
Result<bool> Fires(const v1::Rule& rule, const Subject& subject, const events::Event& event,
                   const filter::EvalContext& context);

// The actions with their texts and people filled in. Notices to nobody are left out.
Result<std::vector<v1::PlannedAction>> Plan(const v1::Rule& rule, const Subject& subject,
                                            const filter::EvalContext& context);

}  // namespace crm::workflow
