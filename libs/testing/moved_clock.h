// The time of day of our own executables, moved forward while they run.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <string>

#include "libs/base/clock.h"

namespace crm::test {

// All processes that are started with env() show the same time, and see it move at the same moment.
// It is what crm::SystemClock returns to them; timeouts, and the servers they talk to, are not
// moved. So minutes pass without waiting. The test's own clock stands apart. Thread-safe.
class MovedClock final : public Clock {
 public:
  // Throws std::runtime_error.
  MovedClock();
  ~MovedClock() override;
  MovedClock(const MovedClock&) = delete;
  MovedClock& operator=(const MovedClock&) = delete;

  // For ProcessOptions::env.
  std::map<std::string, std::string> env() const;
  // What the processes take for the time.
  Time Now() const override;
  void Advance(Duration step);

 private:
  const std::filesystem::path file_;
  std::atomic<int64_t>* moved_by_ = nullptr;  // microseconds; shared with the processes
};

}  // namespace crm::test
