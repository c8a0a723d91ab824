// The methods of TaskService, NoteService and ReminderService.
#pragma once

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"

namespace crm::activities {

std::vector<MethodBinding> ActivityMethods(const RecordTypes& types,
                                           const entity::Settings& settings);

}  // namespace crm::activities
