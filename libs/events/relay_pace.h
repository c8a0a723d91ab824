// RelayPace: when the relay sends at once and when it waits for company.
//
// A topic has several partitions, and each gets a request of its own: sent one by one, the events
// of many small groups of commits cost the broker more than PostgreSQL. Below 1,500 events a second
// each leaves at once; above, what comes within 15 ms leaves together.
#pragma once

#include <chrono>
#include <cstddef>

namespace crm::events {

// Not thread-safe: the relaying thread's. Time is what the caller says it is.
class RelayPace {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr auto kGather = std::chrono::milliseconds(15);

  // The earliest moment for the next send; not after `now`: at once.
  TimePoint Next(TimePoint now);
  // Events that came straight from commits left at `now`.
  void Sent(size_t events, TimePoint now);

 private:
  static constexpr auto kWindow = std::chrono::milliseconds(100);
  static constexpr size_t kMany = 150;

  TimePoint sent_{};
  TimePoint window_began_{};
  size_t window_events_ = 0;
  bool many_ = false;  // in the window before
};

}  // namespace crm::events
