#include "services/notification/workflow_consumer.h"

#include <gtest/gtest.h>

#include "crm/notification/v1/notification_events.pb.h"
#include "crm/workflow/v1/rule_events.pb.h"
#include "libs/testing/call_harness.h"
#include "services/notification/module.h"

namespace crm::notification {
namespace {

TEST(F06, AnActionOfARulePutsOneLineIntoTheInbox) {
  test::CallHarness service(Records());
  log::Logger log = log::Logger::Silent();
  metrics::Registry metrics;
  auto consumer = WorkflowConsumer();
  events::EventApplier applier(consumer, "notification", service.types(), service.pipeline(), log,
                               metrics);
  workflow::v1::PlannedActionEvent event;
  event.mutable_requested();
  auto* action = event.mutable_planned_action();
  action->set_name("plannedActions/" + NamedUuid("action", "1").ToString());
  action->set_subject("leads/" + NamedUuid("lead", "1").ToString());
  action->mutable_notify()->set_title("Dana is yours");
  action->mutable_notify()->set_user("users/" + NamedUuid("user", "1").ToString());
  kernel::v1::LogRow row;
  row.set_tenant(service.tenant().bytes.data(), service.tenant().bytes.size());
  row.set_subject(action->name());
  row.set_event_id(NamedUuid("event", "1").ToString());
  row.set_correlation("request-1");
  row.set_payload_type(event.GetTypeName());
  row.set_body(event.SerializeAsString());
  // The second is a repetition that the inbox does not know.
  for (int version : {1, 2}) {
    row.set_version(version);
    auto applied = events::Applied::kAgain;
    applier.Apply(row, 1, [&](events::Applied how) { applied = how; });
    service.Drain();
    ASSERT_EQ(applied, events::Applied::kDone);
  }
  ASSERT_EQ(service.Log().size(), 1u);
  v1::NotificationEvent made;
  ASSERT_TRUE(made.ParseFromString(service.Log()[0].body()));
  EXPECT_EQ(made.notification().user(), action->notify().user());
  EXPECT_EQ(made.notification().title(), "Dana is yours");
  EXPECT_EQ(made.notification().subject(), action->subject());
}

}  // namespace
}  // namespace crm::notification
