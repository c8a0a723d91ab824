// UserService and AbsenceService beyond the standard methods: dismissal, passwords, who can take
// work.
#pragma once

#include <vector>

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"

namespace crm::identity {

std::vector<MethodBinding> UserMethods(const RecordTypes& types, const entity::Settings& settings);
std::vector<MethodBinding> AbsenceMethods(const RecordTypes& types,
                                          const entity::Settings& settings);

}  // namespace crm::identity
