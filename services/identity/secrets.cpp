#include "services/identity/secrets.h"

#include "libs/config/config.h"

namespace crm::identity {

Result<std::shared_ptr<const Secrets>> LoadSecrets(const config::v1::Config& config) {
  auto required =
      config::Require(config, {"auth.token_signing_key_file", "auth.api_key_pepper_file"});
  if (!required.ok()) return required;
  auto signer = auth::TokenSigner::FromFile(config.auth().token_signing_key_file());
  if (!signer.ok()) return signer.status();
  auto hasher = auth::ApiKeyHasher::FromFile(config.auth().api_key_pepper_file());
  if (!hasher.ok()) return hasher.status();
  return std::shared_ptr<const Secrets>(std::make_shared<Secrets>(Secrets{
      std::move(*signer), std::move(*hasher), config::ToDuration(config.auth().token_ttl())}));
}

}  // namespace crm::identity
