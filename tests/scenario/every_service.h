// What crm-all runs, the gateway left out, for worlds without processes.
#pragma once

#include <memory>
#include <vector>

#include "libs/service/service.h"
#include "services/identity/secrets.h"

namespace crm::test {

// Without secrets nobody can log in.
std::vector<ServiceDefinition> EveryService(
    const std::shared_ptr<const identity::Secrets>& secrets = nullptr);

}  // namespace crm::test
