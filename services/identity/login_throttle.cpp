#include "services/identity/login_throttle.h"

namespace crm::identity {

namespace {

constexpr int kFailures = 10;
constexpr auto kWindow = std::chrono::minutes(5);
constexpr size_t kMaxNames = 100'000;

}  // namespace

Status LoginThrottle::Admit(const std::string& who, Time now) const {
  std::lock_guard lock(mutex_);
  auto found = failures_.find(who);
  if (found == failures_.end() || found->second.count < kFailures) return Status::Ok();
  Time end = found->second.since + kWindow;
  if (now >= end) return Status::Ok();
  return Status(Code::kResourceExhausted, "LOGIN_THROTTLED",
                "Too many failed attempts; wait five minutes or ask an administrator for a new "
                "password.")
      .RetryAfter(std::chrono::ceil<std::chrono::milliseconds>(end - now));
}

void LoginThrottle::NoteFailure(const std::string& who, Time now) {
  std::lock_guard lock(mutex_);
  if (failures_.size() >= kMaxNames) {
    std::erase_if(failures_,
                  [now](const auto& each) { return now >= each.second.since + kWindow; });
  }
  if (failures_.size() >= kMaxNames) failures_.clear();
  Failures& failures = failures_[who];
  if (now >= failures.since + kWindow) failures = {now, 0};
  ++failures.count;
}

void LoginThrottle::NoteSuccess(const std::string& who) {
  std::lock_guard lock(mutex_);
  failures_.erase(who);
}

}  // namespace crm::identity
