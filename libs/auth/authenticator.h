// CredentialAuthenticator: says who calls, from the metadata of a call.
//
//   authorization: Bearer <token>      an access token, a stream ticket or a service's own token:
//   verified here, nobody is asked authorization: Bearer crm_...      an API key: exchanged for a
//   token at identity x-api-key: crm_...                 the same
//
// A stream ticket is good for any method while it lives (a minute), because its grants only read. A
// key's answer is used for 30 seconds (5 where it was a refusal), which is how long a revoked key
// can go on; while identity does not answer, until the token it gave ends.
//
// Refusals, all UNAUTHENTICATED: NO_CREDENTIALS, TOKEN_INVALID, TOKEN_EXPIRED, KEY_UNKNOWN. Where
// identity cannot be asked about a key that is not known here: UNAVAILABLE (IDENTITY_UNREACHABLE).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "libs/auth/principal_cache.h"
#include "libs/auth/tokens.h"
#include "libs/base/clock.h"
#include "libs/command/pipeline.h"
#include "libs/rpc/client.h"

namespace crm::auth {

// Gives a token for an API key. Thread-safe.
class KeyExchange {
 public:
  virtual ~KeyExchange() = default;
  // UNAUTHENTICATED where the key is no good; anything else: it is not known.
  virtual Result<std::string> Exchange(const std::string& api_key) = 0;
};

// By crm.identity.v1.AuthService.
class RemoteKeyExchange final : public KeyExchange {
 public:
  explicit RemoteKeyExchange(rpc::ChannelFactory& channels) : channels_(channels) {}
  Result<std::string> Exchange(const std::string& api_key) override;

 private:
  rpc::ChannelFactory& channels_;
};

// Thread-safe. What it is given must outlive it.
class CredentialAuthenticator final : public Authenticator {
 public:
  CredentialAuthenticator(TokenVerifier verifier, KeyExchange& keys, const Clock& clock)
      : verifier_(std::move(verifier)), keys_(keys), clock_(clock) {}

  // Blocks while a key that is not known yet is exchanged; calls with the same key then ask once.
  Result<Principal> Authenticate(const rpc::Metadata& metadata) override;
  std::optional<Result<Principal>> Known(const rpc::Metadata& metadata) override;

 private:
  // What is known of a token or key and still fresh.
  std::optional<Result<Principal>> Fresh(const std::string& credential) const;
  Result<Principal> ByToken(const std::string& token);
  Result<Principal> ByKey(const std::string& key);
  Result<Principal> Exchange(const std::string& key);

  const TokenVerifier verifier_;
  KeyExchange& keys_;
  const Clock& clock_;
  PrincipalCache cache_;
  std::mutex mutex_;
  std::condition_variable exchanged_;
  std::set<std::string> exchanging_;  // GUARDED_BY(mutex_)
};

}  // namespace crm::auth
