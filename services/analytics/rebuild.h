// Rebuild: makes a tenant's facts anew from the beginning of the sources' logs, while reports go on
// reading the live ones.
//
// A chain of durable timers, each a short call, so it survives crashes and restarts:
//   start      the new generation is registered; from now on live events go into both
//   READING    pages of each source's log (EventService.SearchEvents) go into the new generation,
//   to the log's end compare    rows of both generations, and in the same commit reports switch to
//   the new one CLEANING   rows of the replaced generation are erased in pages
#pragma once

#include <vector>

#include "crm/analytics/v1/analytics_service.pb.h"
#include "libs/command/call.h"
#include "libs/timers/timers.h"

namespace crm::analytics {

// Services whose logs are read.
std::vector<std::string> RebuildSources();

Result<v1::Rebuild> RebuildAnalytics(Call& call, const v1::RebuildAnalyticsRequest& request);
Result<v1::Rebuild> GetRebuild(Call& call, const v1::GetRebuildRequest& request);

// The next step of the chain.
TimerHandler RebuildStep();

}  // namespace crm::analytics
