// The report over deals (D08): number and sum by state, currency and more. Of today from one
// aggregate of the database; of a moment in the past from the event log alone.
#pragma once

#include "crm/deals/v1/deal_service.pb.h"
#include "libs/command/call.h"

namespace crm::deals {

// Over the deals that the caller may list; of the past over those that the caller might have listed
// then and may today.
Result<v1::ReportPipelineResponse> ReportPipeline(Call& call,
                                                  const v1::ReportPipelineRequest& request);

}  // namespace crm::deals
