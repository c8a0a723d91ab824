#include "libs/auth/process_auth.h"

#include <filesystem>

#include "libs/auth/authenticator.h"
#include "libs/auth/rate_limits.h"
#include "libs/auth/secrets.h"
#include "libs/base/base64url.h"
#include "libs/config/config.h"
#include "libs/redis/rate_limiter.h"

namespace crm::auth {

namespace {

redis::Options RedisOf(const config::v1::Redis& settings) {
  redis::Options options;
  options.address = settings.address();
  options.password_file = settings.password_file();
  return options;
}

redis::RateLimiterOptions LimiterOf(const config::v1::Redis& settings) {
  redis::RateLimiterOptions options;
  options.prefix = settings.key_prefix() + "rate:";
  // Without Redis each process counts for itself, and need not try every second.
  if (settings.address().empty()) options.rest = std::chrono::hours(24);
  return options;
}

}  // namespace

// Members in the order in which they are built.
struct ProcessAuth::Rep {
  Rep(const config::v1::Config& config, TokenSigner signer, TokenVerifier verifier,
      const Clock& clock, rpc::ChannelFactory& channels)
      : exchange(channels),
        authenticator(std::move(verifier), exchange, clock),
        tokens(std::move(signer), clock),
        caller(channels, tokens),
        reader(caller),
        redis(RedisOf(config.redis())),
        limiter(redis, clock, LimiterOf(config.redis())),
        limits(limiter, config.limits().calls_per_second(), config.limits().call_burst()),
        limited(config.limits().calls_per_second() > 0) {}

  void ReportRedis(metrics::Registry& metrics) {
    auto lost = metrics
                    .AddGauge({.name = "crm_redis_lost",
                               .help = "1 while Redis does not answer and this process counts "
                                       "rates for itself."})
                    .With({});
    report = metrics.OnExpose([this, lost] { lost.Set(limiter.degraded() ? 1 : 0); });
  }

  RemoteKeyExchange exchange;
  CredentialAuthenticator authenticator;
  InternalTokens tokens;
  InternalCaller caller;
  ChannelReader reader;
  redis::Client redis;
  redis::RateLimiter limiter;
  RateLimits limits;
  const bool limited;
  std::shared_ptr<void> report;
};

Result<std::unique_ptr<ProcessAuth>> ProcessAuth::Create(const config::v1::Config& config,
                                                         const Clock& clock,
                                                         rpc::ChannelFactory& channels,
                                                         metrics::Registry& metrics) {
  auto required =
      config::Require(config, {"auth.token_signing_key_file", "auth.token_public_key_files"});
  if (!required.ok()) return required;
  const auto& files = config.auth().token_public_key_files();
  auto signer = TokenSigner::FromFile(config.auth().token_signing_key_file());
  if (!signer.ok()) return signer.status();
  auto verifier = TokenVerifier::FromFiles({files.begin(), files.end()});
  if (!verifier.ok()) return verifier.status();
  auto rep =
      std::make_unique<Rep>(config, std::move(*signer), std::move(*verifier), clock, channels);
  if (rep->limited && !config.redis().address().empty()) rep->ReportRedis(metrics);
  return std::unique_ptr<ProcessAuth>(new ProcessAuth(std::move(rep)));
}

ProcessAuth::ProcessAuth(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
ProcessAuth::~ProcessAuth() = default;

Authenticator& ProcessAuth::authenticator() {
  return rep_->authenticator;
}
RemoteReader& ProcessAuth::reader() {
  return rep_->reader;
}
InternalCaller& ProcessAuth::caller() {
  return rep_->caller;
}
RateLimit* ProcessAuth::rate_limit() {
  return rep_->limited ? &rep_->limits : nullptr;
}

Status MakeKeys(const config::v1::Config& config) {
  auto required = config::Require(
      config,
      {"auth.token_signing_key_file", "auth.token_public_key_files", "auth.api_key_pepper_file"});
  if (!required.ok()) return required;
  const auto& auth = config.auth();
  if (!std::filesystem::exists(auth.token_signing_key_file())) {
    auto made = GenerateKeyPair(auth.token_signing_key_file(), auth.token_public_key_files(0));
    if (!made.ok()) return made;
  }
  if (std::filesystem::exists(auth.api_key_pepper_file())) return Status::Ok();
  return WriteSecretFile(auth.api_key_pepper_file(), ToBase64Url(RandomBytes(32)) + "\n");
}

}  // namespace crm::auth
