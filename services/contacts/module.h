// The service `contacts`: people, companies and their timelines. See README.md.
#pragma once

#include <memory>
#include <vector>

#include "libs/entity/crud.h"
#include "libs/service/service.h"

namespace crm::contacts {

// The messages of its records, without the kernel's.
std::vector<const google::protobuf::Descriptor*> Records();
ServiceDefinition Define(const entity::Settings& settings);
// The same over record types that somebody else has made, such as a test's harness.
ServiceDefinition DefineOver(std::shared_ptr<const RecordTypes> types,
                             const entity::Settings& settings);

}  // namespace crm::contacts
