// The service workflow as data; see libs/service/service.h.
#pragma once

#include <vector>

#include "libs/entity/standard_methods.h"
#include "libs/service/service.h"

namespace crm::workflow {

// Messages of the records that it keeps.
std::vector<const google::protobuf::Descriptor*> Records();

// Its methods over records of `types`, which must outlive them.
std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings);

// All of it.
ServiceDefinition Define(const entity::Settings& settings);

}  // namespace crm::workflow
