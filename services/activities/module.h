// The activities service as data: its records, methods, consumers and timers.
#pragma once

#include "libs/entity/crud.h"
#include "libs/service/service.h"

namespace crm::activities {

std::vector<const google::protobuf::Descriptor*> Records();
// `types` must outlive the methods.
std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings);
// From migrations/.
std::vector<pg::Migration> Migrations();

ServiceDefinition Define(const entity::Settings& settings);

}  // namespace crm::activities
