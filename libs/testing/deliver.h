// Events and timers for tests of services on CallHarness: what Kafka and the pump bring in
// production.
//
//   Deliver(service, leads::ActivitiesConsumer(), event, {.actor = "users/..."});
//   service.clock().Advance(20min);
//   FireTimers(service, activities::Timers());
#pragma once

#include <gtest/gtest.h>

#include "crm/kernel/v1/records.pb.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/events/consumer.h"
#include "libs/testing/call_harness.h"
#include "libs/timers/timers.h"

namespace crm::test {

struct Envelope {
  std::string actor = "users/00000000-0000-7000-8000-0000000000aa";
  // Empty: a new one.
  std::string event_id = "";
};

// Runs the consumer's function for the event; without the inbox, so delivering twice shows what the
// function itself does.
inline Status Deliver(CallHarness& service, const events::EventConsumer& consumer,
                      const google::protobuf::Message& event, const Envelope& envelope = {}) {
  static int events = 0;
  kernel::v1::LogRow row;
  row.set_event_id(envelope.event_id.empty() ? "event-" + std::to_string(++events)
                                             : envelope.event_id);
  row.set_actor(envelope.actor);
  Time now = service.clock().Now();
  return service.Run([&](Call& call) -> Status {
    const auto* function = consumer.FunctionFor(event.GetDescriptor()->full_name());
    if (function == nullptr) return NotFound(consumer.name + " has no function for the event");
    return (*function)(call, {row, event, now, now});
  });
}

// Fires all timers that are due, once each; returns how many.
inline int FireTimers(CallHarness& service, const std::vector<TimerHandler>& handlers) {
  const RecordType& type = service.type(kernel::v1::Timer::descriptor());
  auto due = filter::ParseAndCheck("due_time <= now()", type.filter_schema());
  ListQuery query;
  query.type = &type;
  query.filter = &*due;
  query.now = service.clock().Now();
  query.limit = 1000;
  auto listed = service.store().List(query, {});
  int fired = 0;
  for (const auto& item : *listed) {
    kernel::v1::Timer timer;
    EXPECT_TRUE(DecodeRecord(item.record.body, timer).ok());
    Time time = ToTime(timer.due_time());
    for (const auto& handler : handlers) {
      if (handler.kind != timer.kind()) continue;
      ++fired;
      auto status = service.Run([&](Call& call) {
        auto found = call.Find<kernel::v1::Timer>(timer.name());
        if (!found.ok()) return found.status();
        if (auto erased = call.Erase(type, timer.name()); !erased.ok()) return erased;
        return handler.function(call, {timer, time, call.now() - time});
      });
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
  }
  return fired;
}

}  // namespace crm::test
