// ConvertLead and UndoConversion (L12). The names of what a conversion makes are chosen here and
// stand in the fact; contacts and deals make the records from it, so a conversion needs none of
// them to be there. It answers when they can be read; where deals refuses, the conversion is taken
// back.
#pragma once

#include <string>
#include <vector>

#include "crm/leads/v1/lead.pb.h"
#include "libs/command/pipeline.h"

namespace crm::leads {

std::vector<MethodBinding> ConversionMethods();

// Stores the lead as not converted any more, with the reason. FAILED_PRECONDITION LEAD_STATE where
// it is not converted.
Status TakeBackConversion(Call& call, v1::Lead& lead, const std::string& reason);

}  // namespace crm::leads
