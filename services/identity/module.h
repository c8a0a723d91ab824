// The service "identity": people, departments, roles, keys, absences, the tenant itself, and who
// calls.
#pragma once

#include <memory>
#include <vector>

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"
#include "libs/service/service.h"
#include "services/identity/secrets.h"

namespace crm::identity {

// Records, without the kernel's.
std::vector<const google::protobuf::Descriptor*> Records();

// `secrets` may be nullptr where none of their methods will be called.
std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings,
                                   const std::shared_ptr<const Secrets>& secrets);

ServiceDefinition Define(const entity::Settings& settings,
                         const std::shared_ptr<const Secrets>& secrets);
// With the key files that the configuration names.
Result<ServiceDefinition> Define(const entity::Settings& settings,
                                 const config::v1::Config& config);

}  // namespace crm::identity
