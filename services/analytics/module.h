// The service analytics as data; see libs/service/service.h.
#pragma once

#include <vector>

#include "libs/entity/standard_methods.h"
#include "libs/service/service.h"

namespace crm::analytics {

// Messages of the records that it keeps.
std::vector<const google::protobuf::Descriptor*> Records();

std::vector<MethodBinding> Methods();

// All of it.
ServiceDefinition Define(const entity::Settings& settings);

}  // namespace crm::analytics
