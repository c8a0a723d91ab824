#include "libs/auth/rate_limits.h"

namespace crm::auth {

Status RateLimits::Admit(const Principal& principal, const std::string&) {
  if (calls_per_second_ <= 0 || !principal.authenticated() ||
      principal.name.starts_with("system/")) {
    return Status::Ok();
  }
  auto decision =
      limiter_.Allow(principal.tenant.ToString() + "/" + principal.name, calls_per_second_, burst_);
  if (decision.allowed) return Status::Ok();
  return Status(Code::kResourceExhausted, "RATE_LIMITED",
                "You may make " + std::to_string(calls_per_second_) +
                    " calls a second; wait a moment and go on more slowly.")
      .With("calls_per_second", std::to_string(calls_per_second_))
      .RetryAfter(decision.retry_after);
}

}  // namespace crm::auth
