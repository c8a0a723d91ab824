// AuthService: log-in, exchange of keys, whoami, stream tickets. See
// proto/crm/identity/v1/auth_service.proto.
#pragma once

#include <memory>
#include <vector>

#include "libs/command/pipeline.h"
#include "services/identity/secrets.h"

namespace crm::identity {

// `secrets` may be nullptr where none of these methods will be called.
std::vector<MethodBinding> AuthMethods(std::shared_ptr<const Secrets> secrets);

}  // namespace crm::identity
