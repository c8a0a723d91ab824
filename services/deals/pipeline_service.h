// PipelineService: the standard methods with the rules of pipeline.h and the one default.
#pragma once

#include <vector>

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"

namespace crm::deals {

std::vector<MethodBinding> PipelineMethods(const RecordTypes& types,
                                           const entity::Settings& settings);

}  // namespace crm::deals
