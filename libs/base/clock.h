// Time as the system sees it: UTC microseconds, the resolution of PostgreSQL's timestamptz.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace crm {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

// Where the time comes from. Nothing but a composition root and tests asks the system clock.
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time Now() const override;
};

// A clock that a test or a simulation moves. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start.time_since_epoch().count()) {}
  Time Now() const override { return Time(Duration(now_.load())); }
  void Advance(Duration step) { now_ += step.count(); }
  void Set(Time time) { now_ = time.time_since_epoch().count(); }

 private:
  std::atomic<int64_t> now_;
};

// RFC 3339 in UTC with as many fractional digits as needed (0, 3 or 6): "2026-11-22T04:15:00.250Z".
std::string FormatTime(Time time);
// Accepts RFC 3339 with any offset; nullopt where the text is not one.
std::optional<Time> ParseTime(std::string_view text);

}  // namespace crm
