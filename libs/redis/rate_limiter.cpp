#include "libs/redis/rate_limiter.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <unordered_map>

#include "libs/base/hex.h"

namespace crm::redis {
namespace {

// KEYS[1] the bucket; ARGV[1] microseconds that one call books, ARGV[2] how far ahead may be
// booked. Answers 0, or the microseconds after which a call would pass. Numbers stay below 2^53,
// where Lua's are exact. The bucket goes when it is empty.
// What is booked further ahead than that (the clock went back, a limit was lowered) is cut.
constexpr const char* kScript = R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local before = tonumber(redis.call('GET', KEYS[1]) or '') or 0
local booked = math.min(math.max(before, now), now + ARGV[2]) + ARGV[1]
local wait = booked - now - ARGV[2]
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', booked), 'PX',
           string.format('%.0f', math.ceil((booked - now) / 1000)))
return 0
)";

constexpr int64_t kInTouch = std::numeric_limits<int64_t>::min();
// A year: longer waits are as good as never, and the numbers stay small.
constexpr double kLongestUs = 365.0 * 86'400 * 1e6;

std::string Sha1Hex(std::string_view text) {
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return ToHex(digest);
}

Decision FromWait(int64_t wait_us, bool local) {
  const std::chrono::microseconds wait(wait_us);
  return {.allowed = wait_us <= 0,
          .retry_after = std::chrono::ceil<std::chrono::milliseconds>(
              std::max(wait, std::chrono::microseconds(0))),
          .local = local};
}

}  // namespace

// The script's arithmetic in this process.
class RateLimiter::LocalBuckets {
 public:
  explicit LocalBuckets(size_t limit) : limit_(limit) {}

  int64_t Wait(std::string_view key, int64_t now, int64_t interval, int64_t tolerance) {
    std::lock_guard lock(mutex_);
    auto bucket = booked_.find(std::string(key));
    const int64_t before =
        bucket == booked_.end() ? now : std::clamp(bucket->second, now, now + tolerance);
    const int64_t wait = before + interval - now - tolerance;
    if (wait > 0) return wait;
    if (bucket != booked_.end()) {
      bucket->second = before + interval;
    } else if (MakeRoom(now)) {
      booked_.emplace(key, before + interval);
    }
    return 0;
  }

 private:
  // Looks through all buckets at most once per time that it may have made a difference.
  bool MakeRoom(int64_t now) {
    if (booked_.size() < limit_) return true;
    if (now < next_sweep_) return false;
    next_sweep_ = now + 1'000'000;
    std::erase_if(booked_, [&](const auto& bucket) { return bucket.second <= now; });
    return booked_.size() < limit_;
  }

  const size_t limit_;
  std::mutex mutex_;
  std::unordered_map<std::string, int64_t> booked_;           // GUARDED_BY(mutex_)
  int64_t next_sweep_ = std::numeric_limits<int64_t>::min();  // GUARDED_BY(mutex_)
};

RateLimiter::RateLimiter(Client& client, const Clock& clock, RateLimiterOptions options)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      local_(std::make_unique<LocalBuckets>(options_.local_buckets)),
      rest_until_us_(kInTouch) {}

RateLimiter::~RateLimiter() = default;

Decision RateLimiter::Allow(std::string_view key, double rate_per_s, int64_t burst) {
  if (!(rate_per_s > 0) || burst <= 0) return FromWait(static_cast<int64_t>(kLongestUs), true);
  const double interval = std::clamp(1e6 / rate_per_s, 1.0, kLongestUs);
  const auto interval_us = static_cast<int64_t>(std::llround(interval));
  const auto tolerance_us = static_cast<int64_t>(
      std::min(static_cast<double>(interval_us) * static_cast<double>(burst), kLongestUs));
  const int64_t now = clock_.Now().time_since_epoch().count();
  if (MayAsk(now)) {
    auto decision = Ask(key, interval_us, tolerance_us);
    NoteTouch(decision.status(), now);
    if (decision.ok()) return *decision;
    if (options_.on_redis_lost) options_.on_redis_lost(decision.status());
  }
  return FromWait(local_->Wait(key, now, interval_us, tolerance_us), true);
}

bool RateLimiter::degraded() const {
  return rest_until_us_ != kInTouch;
}

// While out of touch one call a rest asks, so that a silent Redis delays that one alone.
bool RateLimiter::MayAsk(int64_t now) {
  int64_t until = rest_until_us_;
  if (until == kInTouch) return true;
  return now >= until &&
         rest_until_us_.compare_exchange_strong(until, now + Duration(options_.rest).count());
}

void RateLimiter::NoteTouch(const Status& status, int64_t now) {
  if (status.code() == Code::kUnavailable) {
    rest_until_us_ = now + Duration(options_.rest).count();
  } else if (status.code() != Code::kResourceExhausted) {
    rest_until_us_ = kInTouch;  // a refusal is an answer, too
  }
}

Result<Decision> RateLimiter::Ask(std::string_view key, int64_t interval_us, int64_t tolerance_us) {
  static const std::string kSha = Sha1Hex(kScript);
  std::string command[] = {"EVALSHA",
                           kSha,
                           "1",
                           options_.prefix + std::string(key),
                           std::to_string(interval_us),
                           std::to_string(tolerance_us)};
  auto reply = client_.Run(command);
  // A server that was started or flushed anew does not know the script.
  if (!reply.ok() && reply.status().reason() == "REDIS_REFUSED" &&
      reply.status().metadata().at("error") == "NOSCRIPT") {
    command[0] = "EVAL";
    command[1] = kScript;
    reply = client_.Run(command);
  }
  if (!reply.ok()) return reply.status();
  const int64_t* wait = reply->integer();
  if (wait == nullptr) return Internal("The rate limit script answered no number.");
  return FromWait(*wait, /*local=*/false);
}

}  // namespace crm::redis
