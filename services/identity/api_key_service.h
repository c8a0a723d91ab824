// ApiKeyService: making and revoking keys, and when each was last used.
#pragma once

#include <memory>
#include <vector>

#include "crm/identity/v1/identity.pb.h"
#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"
#include "services/identity/secrets.h"

namespace crm::identity {

// `secrets` may be nullptr where none of these methods will be called.
std::vector<MethodBinding> ApiKeyMethods(const RecordTypes& types, const entity::Settings& settings,
                                         std::shared_ptr<const Secrets> secrets);

// Gives a stored key its secret: returns the key itself, of which only a hash is kept.
Result<std::string> IssueSecret(Call& call, const v1::ApiKey& key,
                                const auth::ApiKeyHasher& hasher);

}  // namespace crm::identity
