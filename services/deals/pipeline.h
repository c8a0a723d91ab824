// What a pipeline must be. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "crm/deals/v1/deal.pb.h"
#include "libs/base/status.h"

namespace crm::deals {

// Position of a stage in the pipeline, or -1.
int StageIndex(const v1::Pipeline& pipeline, std::string_view stage);

// INVALID_FIELD with all violations: ids of stages are lower snake case and differ, guards name
// fields that deals have and parse, and the first stage has none, because deals begin there.
Status CheckPipeline(const v1::Pipeline& pipeline);

// FAILED_PRECONDITION STAGE_IN_USE where `after` lacks a stage of `occupied`.
Status CheckStagesKept(const v1::Pipeline& after, const std::set<std::string>& occupied);

}  // namespace crm::deals
