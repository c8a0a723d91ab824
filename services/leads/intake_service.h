// The standard methods of sources, forms and assignment rules.
#pragma once

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"

namespace crm::leads {

std::vector<MethodBinding> IntakeMethods(const RecordTypes& types,
                                         const entity::Settings& settings);

}  // namespace crm::leads
