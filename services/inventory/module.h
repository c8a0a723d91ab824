// The service `inventory`: for now the catalogue of products. See README.md.
#pragma once

#include <vector>

#include "libs/entity/crud.h"
#include "libs/service/service.h"

namespace crm::inventory {

// The messages of its records, without the kernel's.
std::vector<const google::protobuf::Descriptor*> Records();
std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings);
ServiceDefinition Define(const entity::Settings& settings);

}  // namespace crm::inventory
