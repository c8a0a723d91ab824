#include "services/activities/workflow_consumer.h"

#include <gtest/gtest.h>

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/workflow/v1/rule_events.pb.h"
#include "libs/testing/call_harness.h"
#include "services/activities/module.h"

namespace crm::activities {
namespace {

TEST(F06, AnActionOfARuleMakesOneTaskWhoseCauseIsTheAction) {
  test::CallHarness service(Records());
  log::Logger log = log::Logger::Silent();
  metrics::Registry metrics;
  auto consumer = WorkflowConsumer();
  events::EventApplier applier(consumer, "activities", service.types(), service.pipeline(), log,
                               metrics);
  workflow::v1::PlannedActionEvent event;
  event.mutable_requested();
  auto* action = event.mutable_planned_action();
  action->set_name("plannedActions/" + NamedUuid("action", "1").ToString());
  action->set_subject("leads/" + NamedUuid("lead", "1").ToString());
  action->mutable_create_task()->set_title("Call Dana");
  action->mutable_create_task()->set_owner("users/" + NamedUuid("user", "1").ToString());
  action->mutable_create_task()->mutable_due_time()->set_seconds(4102444800);
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
  EXPECT_EQ(service.Log()[0].type(), "crm.activities.v1.TaskCreated");
  EXPECT_EQ(service.Log()[0].causation(), row.event_id());
  v1::TaskEvent made;
  ASSERT_TRUE(made.ParseFromString(service.Log()[0].body()));
  EXPECT_EQ(made.task().display_name(), "Call Dana");
  EXPECT_EQ(made.task().subject(), action->subject());
  EXPECT_EQ(made.task().due_time().seconds(), 4102444800);
  EXPECT_EQ(made.task().state(), v1::Task::OPEN);
}

}  // namespace
}  // namespace crm::activities
