// The notification service as data: its records, methods and consumers.
#pragma once

#include "libs/entity/crud.h"
#include "libs/service/service.h"

namespace crm::notification {

std::vector<const google::protobuf::Descriptor*> Records();
// `types` must outlive the methods.
std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings);
// From migrations/.
std::vector<pg::Migration> Migrations();

ServiceDefinition Define(const entity::Settings& settings);

}  // namespace crm::notification
