// NotificationService: reading the inbox, and MarkRead.
#pragma once

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"

namespace crm::notification {

std::vector<MethodBinding> NotificationMethods(const RecordTypes& types,
                                               const entity::Settings& settings);

}  // namespace crm::notification
