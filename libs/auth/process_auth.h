// ProcessAuth: all of libs/auth that a process needs, made from its configuration (auth, redis,
// limits).
//
//   auto auth = auth::ProcessAuth::Create(app.config, app.clock, channels);
//   HostParts parts{.authenticator = &(*auth)->authenticator(), .rate_limit =
//   (*auth)->rate_limit(), ...};
#pragma once

#include <memory>

#include "crm/config/v1/config.pb.h"
#include "libs/auth/internal_calls.h"
#include "libs/auth/tokens.h"
#include "libs/command/pipeline.h"
#include "libs/metrics/registry.h"

namespace crm::auth {

// Thread-safe.
class ProcessAuth {
 public:
  // `clock` and `channels` outlive it. Fails where a key file is missing or unusable. Where Redis
  // is configured, the metric crm_redis_lost says whether limits are counted by this process alone.
  static Result<std::unique_ptr<ProcessAuth>> Create(const config::v1::Config& config,
                                                     const Clock& clock,
                                                     rpc::ChannelFactory& channels,
                                                     metrics::Registry& metrics);
  ~ProcessAuth();

  Authenticator& authenticator();
  // For Call::Ask.
  RemoteReader& reader();
  // For what is done outside of handlers.
  InternalCaller& caller();
  // nullptr where there is no limit.
  RateLimit* rate_limit();

 private:
  struct Rep;
  explicit ProcessAuth(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

// Makes what is missing of the key files that the configuration names: the pair that signs tokens
// and the pepper of API keys. What is there stays. For the command `keys`.
Status MakeKeys(const config::v1::Config& config);

}  // namespace crm::auth
