// The methods of MeetingService.
#pragma once

#include <vector>

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"

namespace crm::activities {

// `types` must outlive the methods.
std::vector<MethodBinding> MeetingMethods(const RecordTypes& types,
                                          const entity::Settings& settings);

}  // namespace crm::activities
