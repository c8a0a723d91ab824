// What identity alone knows: the key that signs tokens and the pepper of API keys. Read at start.
#pragma once

#include <memory>

#include "crm/config/v1/config.pb.h"
#include "libs/auth/api_keys.h"
#include "libs/auth/tokens.h"

namespace crm::identity {

struct Secrets {
  auth::TokenSigner signer;
  auth::ApiKeyHasher hasher;
  // Of access tokens.
  Duration token_life;
};

// Fails where a key file of `auth` is missing or unusable.
Result<std::shared_ptr<const Secrets>> LoadSecrets(const config::v1::Config& config);

}  // namespace crm::identity
