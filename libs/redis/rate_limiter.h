// How often something may happen, counted over all replicas.
//
// The generic cell rate algorithm (GCRA): per key one number, the moment until which the bucket is
// "booked". A call books 1/rate seconds more and is refused where that would reach further than
// burst/rate seconds ahead. So `burst` calls pass at once, then `rate` a second, without windows at
// whose border twice as many would pass.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/redis/client.h"

namespace crm::redis {

struct Decision {
  bool allowed = false;
  // Refused: when one call would pass.
  std::chrono::milliseconds retry_after{0};
  // Redis could not be asked, so this process counted for itself.
  bool local = false;
};

struct RateLimiterOptions {
  // In front of every key in Redis.
  std::string prefix = "crm:rate:";
  // After a failure Redis is left alone for so long, so that calls do not queue up for its
  // timeouts.
  std::chrono::milliseconds rest{1000};
  // How many buckets this process keeps while Redis is away; those beyond are allowed.
  size_t local_buckets = 100'000;
  // Called for each failure of Redis, from the thread of the call: for a metric. Must not throw.
  std::function<void(const Status&)> on_redis_lost = {};
};

// Thread-safe. One round trip to Redis a call; time is Redis's own, so that replicas need not agree
// on theirs. Where Redis is lost, limits hold in each process alone (the fleet allows up to a
// multiple of them); nothing fails.
class RateLimiter {
 public:
  // `client` and `clock` live longer than the limiter. The clock times the local buckets and the
  // rest.
  RateLimiter(Client& client, const Clock& clock, RateLimiterOptions options = {});
  ~RateLimiter();

  // `key` says who and what ("<tenant>/<method>"); equal keys must come with equal limits. A rate
  // or burst that is not positive allows nothing.
  Decision Allow(std::string_view key, double rate_per_s, int64_t burst);
  // Has Redis been lost and not answered since? For health, which it only degrades.
  bool degraded() const;

 private:
  class LocalBuckets;
  Result<Decision> Ask(std::string_view key, int64_t interval_us, int64_t tolerance_us);

  bool MayAsk(int64_t now);
  void NoteTouch(const Status& status, int64_t now);

  Client& client_;
  const Clock& clock_;
  const RateLimiterOptions options_;
  std::unique_ptr<LocalBuckets> local_;
  std::atomic<int64_t> rest_until_us_;  // microseconds of the clock
};

}  // namespace crm::redis
