// RateLimits: how often a principal may call, counted over all replicas where there is Redis,
// otherwise by each process.
#pragma once

#include "libs/command/pipeline.h"
#include "libs/redis/rate_limiter.h"

namespace crm::auth {

// Thread-safe.
class RateLimits final : public RateLimit {
 public:
  // 0 calls a second: no limit. The limiter must outlive it.
  RateLimits(redis::RateLimiter& limiter, int calls_per_second, int burst)
      : limiter_(limiter), calls_per_second_(calls_per_second), burst_(burst) {}

  // RATE_LIMITED. Services, whose calls were counted where they came in, and public methods, which
  // guard themselves, pass.
  Status Admit(const Principal& principal, const std::string& method) override;

 private:
  redis::RateLimiter& limiter_;
  const int calls_per_second_;
  const int burst_;
};

}  // namespace crm::auth
