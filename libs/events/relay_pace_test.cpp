#include "libs/events/relay_pace.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace crm::events {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = RelayPace::TimePoint;

struct Traffic {
  int sends = 0;
  TimePoint::duration longest_wait{};
  TimePoint next;  // when the next event would come
};

// What a relay does with one event each `gap` for `time`.
Traffic Relay(RelayPace& pace, TimePoint begin, TimePoint::duration gap, TimePoint::duration time) {
  Traffic traffic;
  TimePoint arrived = begin;
  while (arrived < begin + time) {
    TimePoint sent = std::max(arrived, pace.Next(arrived));
    size_t events = 0;
    traffic.longest_wait = std::max(traffic.longest_wait, sent - arrived);
    for (; arrived <= sent; arrived += gap) ++events;
    pace.Sent(events, sent);
    ++traffic.sends;
  }
  traffic.next = arrived;
  return traffic;
}

const TimePoint kBegin{seconds(1000)};

TEST(RelayPace, SendsEachEventAtOnceWhileThereAreFew) {
  RelayPace pace;
  Traffic traffic = Relay(pace, kBegin, milliseconds(1), seconds(2));
  EXPECT_EQ(traffic.sends, 2000);
  EXPECT_EQ(traffic.longest_wait, milliseconds(0));
}

TEST(RelayPace, SendsManyTogetherAndKeepsNoneLongerThanItSays) {
  RelayPace pace;
  Traffic before = Relay(pace, kBegin, microseconds(250), milliseconds(200));  // learns the rate
  Traffic traffic = Relay(pace, before.next, microseconds(250), seconds(2));
  EXPECT_LE(traffic.sends, seconds(2) / RelayPace::kGather + 1) << "of 8000 events";
  EXPECT_LE(traffic.longest_wait, RelayPace::kGather);
}

TEST(RelayPace, SendsAtOnceAgainAfterAPause) {
  RelayPace pace;
  Traffic before = Relay(pace, kBegin, microseconds(250), seconds(1));
  TimePoint later = before.next + seconds(1);
  EXPECT_LE(pace.Next(later), later);
}

TEST(RelayPace, SendsAtOnceAgainWhenTheRateHasFallen) {
  RelayPace pace;
  Traffic before = Relay(pace, kBegin, microseconds(250), seconds(1));
  before = Relay(pace, before.next, milliseconds(1), milliseconds(300));  // learns the rate
  Traffic traffic = Relay(pace, before.next, milliseconds(1), seconds(1));
  EXPECT_EQ(traffic.sends, 1000);
}

}  // namespace
}  // namespace crm::events
