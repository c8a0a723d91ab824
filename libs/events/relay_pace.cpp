#include "libs/events/relay_pace.h"

namespace crm::events {

RelayPace::TimePoint RelayPace::Next(TimePoint now) {
  if (now - window_began_ >= kWindow) {
    // A window that lasted longer had a pause in it.
    many_ = now - window_began_ < 2 * kWindow && window_events_ >= kMany;
    window_began_ = now;
    window_events_ = 0;
  }
  return many_ ? sent_ + kGather : now;
}

void RelayPace::Sent(size_t events, TimePoint now) {
  sent_ = now;
  window_events_ += events;
}

}  // namespace crm::events
