// ContactService and CompanyService: the standard methods with the rules of contact.h and
// hierarchy.h, and the hand-over.
#pragma once

#include <memory>
#include <vector>

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"
#include "libs/people/hand_over.h"

namespace crm::contacts {

std::vector<MethodBinding> ContactMethods(const RecordTypes& types,
                                          const entity::Settings& settings,
                                          std::shared_ptr<const people::HandOvers> hand_overs);
std::vector<MethodBinding> CompanyMethods(const RecordTypes& types,
                                          const entity::Settings& settings);

}  // namespace crm::contacts
