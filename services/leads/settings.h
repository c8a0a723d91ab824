// The one LeadSettings of a tenant.
#pragma once

#include "crm/leads/v1/intake.pb.h"
#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"

namespace crm::leads {

// The same for every tenant: the tenant is part of each key.
Uuid SettingsId();

// The defaults where nothing has been set.
Result<v1::LeadSettings> ReadSettings(Call& call);

std::vector<MethodBinding> SettingsMethods(const RecordTypes& types,
                                           const entity::Settings& settings);

}  // namespace crm::leads
