// The one LeadSettings of a tenant.
#pragma once

#include "crm/leads/v1/intake.pb.h"
#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"

namespace crm::leads {

// The defaults where nothing has been set.
Result<v1::LeadSettings> ReadSettings(Call& call);

std::vector<MethodBinding> SettingsMethods(const RecordTypes& types,
                                           const entity::Settings& settings);

}  // namespace crm::leads
