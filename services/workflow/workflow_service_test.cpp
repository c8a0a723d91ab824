#include <gtest/gtest.h>

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "crm/workflow/v1/rule_events.pb.h"
#include "crm/workflow/v1/rule_service.pb.h"
#include "libs/entity/conformance.h"
#include "libs/testing/call_harness.h"
#include "services/workflow/module.h"
#include "services/workflow/rule.h"
#include "services/workflow/trigger.h"

namespace crm::workflow {
namespace {

using leads::v1::Lead;
using leads::v1::LeadEvent;
using test::CallHarness;

const entity::PageTokens& Tokens() {
  static const auto tokens = *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  return tokens;
}

std::vector<MethodBinding> Bound(const RecordTypes& types) {
  return Methods(types, {.page_tokens = &Tokens()});
}

v1::Rule ARule() {
  v1::Rule rule;
  rule.set_display_name("Call web leads");
  rule.set_active(true);
  rule.add_events("LeadAssigned");
  rule.set_condition("lead.source = \"sources/web\" AND NOT event.actor = \"users/robot\"");
  auto* task = rule.add_actions()->mutable_create_task();
  task->set_title("Call {lead.display_name} ({lead.state})");
  task->set_owner_field("lead.owner");
  task->set_kind("follow_up");
  task->set_due_in_minutes(20);
  auto* notify = rule.add_actions()->mutable_notify();
  notify->set_title("{lead.display_name} was {old.owner}'s");
  notify->set_user_field("lead.owner");
  return rule;
}

// The event of a lead that was assigned.
struct AnEvent {
  AnEvent() {
    body.mutable_lead()->set_name("leads/" + NamedUuid("lead", "1").ToString());
    body.mutable_lead()->set_display_name("Dana");
    body.mutable_lead()->set_source("sources/web");
    body.mutable_lead()->set_state(Lead::WORKING);
    body.mutable_lead()->set_owner("users/dana");
    body.mutable_old()->set_owner("users/noam");
    body.mutable_assigned();
    row.set_type("crm.leads.v1.LeadAssigned");
    row.set_correlation("request-1");
    row.set_actor("users/head");
    row.set_version(2);
    Id("1");
  }
  AnEvent& Id(const std::string& id) {
    row.set_event_id(NamedUuid("event", id).ToString());
    return *this;
  }
  AnEvent& Of(const std::string& lead) {
    body.mutable_lead()->set_name("leads/" + NamedUuid("lead", lead).ToString());
    return *this;
  }

  LeadEvent body;
  kernel::v1::LogRow row;
};

class Workflow {
 public:
  explicit Workflow(std::unique_ptr<Store> store = nullptr)
      : service(Records(), {.store = std::move(store)}),
        consumer_(RuleConsumer()),
        applier_(consumer_, "workflow", service.types(), service.pipeline(), log_, metrics_) {
    service.Bind(Bound(service.types()));
  }

  Result<v1::Rule> Create(const v1::Rule& rule) {
    v1::CreateRuleRequest request;
    *request.mutable_rule() = rule;
    return service.Call<v1::Rule>("CreateRule", request);
  }

  void Bring(AnEvent event) {
    event.row.set_tenant(service.tenant().bytes.data(), service.tenant().bytes.size());
    event.row.set_subject(event.body.lead().name());
    event.row.set_payload_type(LeadEvent::descriptor()->full_name());
    event.row.set_body(event.body.SerializeAsString());
    // Each is news: the inbox of the consumer is not what is tested here.
    event.row.set_version(++version_);
    auto applied = events::Applied::kAgain;
    applier_.Apply(event.row, 1, [&](events::Applied how) { applied = how; });
    service.Drain();
    ASSERT_EQ(applied, events::Applied::kDone);
  }

  // What rules asked for, oldest first, with the log rows that ask.
  std::vector<v1::PlannedAction> Planned() {
    std::vector<v1::PlannedAction> planned;
    for (const auto& row : service.Log()) {
      v1::PlannedActionEvent event;
      if (row.payload_type() != event.GetTypeName()) continue;
      EXPECT_TRUE(event.ParseFromString(row.body()));
      planned.push_back(event.planned_action());
    }
    return planned;
  }

  std::vector<v1::RuleRun> Runs() {
    v1::ListRuleRunsRequest request;
    request.set_order_by("run_time");
    auto runs = service.Call<v1::ListRuleRunsResponse>("ListRuleRuns", request);
    EXPECT_TRUE(runs.ok()) << runs.status().ToString();
    return {runs->rule_runs().begin(), runs->rule_runs().end()};
  }

  CallHarness service;

 private:
  log::Logger log_ = log::Logger::Silent();
  metrics::Registry metrics_;
  const events::EventConsumer consumer_;
  events::EventApplier applier_;
  int64_t version_ = 0;
};

void FiresOnce(Workflow& workflow) {
  auto rule = workflow.Create(ARule());
  ASSERT_TRUE(rule.ok()) << rule.status().ToString();
  EXPECT_EQ(rule->events(0), "crm.leads.v1.LeadAssigned");
  workflow.Bring(AnEvent());
  auto planned = workflow.Planned();
  ASSERT_EQ(planned.size(), 2u);
  EXPECT_EQ(planned[0].create_task().title(), "Call Dana (WORKING)");
  EXPECT_EQ(planned[0].create_task().owner(), "users/dana");
  EXPECT_EQ(planned[0].create_task().due_time().seconds(),
            std::chrono::floor<std::chrono::seconds>(workflow.service.clock().Now() +
                                                     std::chrono::minutes(20))
                .time_since_epoch()
                .count());
  EXPECT_EQ(planned[0].rule(), rule->name());
  EXPECT_EQ(planned[0].rule_version(), 1);
  EXPECT_EQ(planned[0].depth(), 1);
  EXPECT_EQ(planned[1].notify().title(), "Dana was users/noam's");
  EXPECT_EQ(workflow.service.Log().back().type(), "crm.workflow.v1.ActionRequested");
  EXPECT_EQ(workflow.service.Log().back().correlation(), "request-1");
  EXPECT_EQ(workflow.service.Log().back().causation(), AnEvent().row.event_id());

  workflow.Bring(AnEvent());
  EXPECT_EQ(workflow.Planned().size(), 2u);
  // The same chain comes back to the same record: cut, and said so.
  workflow.Bring(AnEvent().Id("2"));
  EXPECT_EQ(workflow.Planned().size(), 2u);
  ASSERT_EQ(workflow.Runs().size(), 1u);
  EXPECT_EQ(workflow.Runs()[0].outcome(), v1::RuleRun::FIRED);
  EXPECT_EQ(workflow.Runs()[0].planned_count(), 2);
  EXPECT_EQ(workflow.Runs()[0].cut_count(), 1);
  // Another chain, or another record, is another matter.
  AnEvent later = AnEvent().Id("3");
  later.row.set_correlation("request-2");
  workflow.Bring(later);
  workflow.Bring(AnEvent().Id("4").Of("2"));
  EXPECT_EQ(workflow.Planned().size(), 6u);
}

TEST(F06, ARuleFiresOnceForARecordInOneChainInMemory) {
  Workflow workflow;
  FiresOnce(workflow);
}

TEST(F06, ARuleFiresOnceForARecordInOneChainInPostgreSql) {
  test::PgSchema schema(test::KernelAnd("services/workflow/migrations"));
  Workflow workflow(test::StoreIn(schema));
  FiresOnce(workflow);
}

TEST(Rule, LeavesAloneWhatItsConditionEventOrStateExcludes) {
  Workflow workflow;
  ASSERT_TRUE(workflow.Create(ARule()).ok());
  v1::Rule inactive = ARule();
  inactive.set_display_name("Inactive");
  inactive.set_active(false);
  ASSERT_TRUE(workflow.Create(inactive).ok());
  AnEvent by_robot = AnEvent().Id("1").Of("1");
  by_robot.row.set_actor("users/robot");
  workflow.Bring(by_robot);
  AnEvent from_fair = AnEvent().Id("2").Of("2");
  from_fair.body.mutable_lead()->set_source("sources/fair");
  workflow.Bring(from_fair);
  AnEvent updated = AnEvent().Id("3").Of("3");
  updated.row.set_type("crm.leads.v1.LeadUpdated");
  workflow.Bring(updated);
  EXPECT_TRUE(workflow.Planned().empty());
  EXPECT_TRUE(workflow.Runs().empty());
}

TEST(Rule, PlansNoNoticeToNobody) {
  Workflow workflow;
  ASSERT_TRUE(workflow.Create(ARule()).ok());
  AnEvent unowned;
  unowned.body.mutable_lead()->clear_owner();
  workflow.Bring(unowned);
  ASSERT_EQ(workflow.Planned().size(), 1u);
  EXPECT_EQ(workflow.Planned()[0].create_task().owner(), "");
}

TEST(F10, ImportsFireOnlyRulesThatAskForIt) {
  Workflow workflow;
  ASSERT_TRUE(workflow.Create(ARule()).ok());
  v1::Rule asks = ARule();
  asks.set_display_name("Also imports");
  asks.set_run_on_imports(true);
  auto created = workflow.Create(asks);
  ASSERT_TRUE(created.ok()) << created.status().ToString();
  AnEvent imported;
  imported.row.set_run("imports/1");
  workflow.Bring(imported);
  ASSERT_EQ(workflow.Planned().size(), 2u);
  EXPECT_EQ(workflow.Planned()[0].rule(), created->name());
}

TEST(F16, ARunNamesTheVersionOfTheRuleThatFired) {
  Workflow workflow;
  auto rule = workflow.Create(ARule());
  ASSERT_TRUE(rule.ok()) << rule.status().ToString();
  v1::UpdateRuleRequest update;
  *update.mutable_rule() = *rule;
  update.mutable_rule()->set_condition("");
  update.mutable_rule()->clear_etag();
  update.mutable_update_mask()->add_paths("condition");
  ASSERT_TRUE(workflow.service.Call<v1::Rule>("UpdateRule", update).ok());
  AnEvent from_fair;
  from_fair.body.mutable_lead()->set_source("sources/fair");
  workflow.Bring(from_fair);
  ASSERT_EQ(workflow.Planned().size(), 2u);
  EXPECT_EQ(workflow.Planned()[0].rule_version(), 2);
  EXPECT_EQ(workflow.service.Log()[1].type(), "crm.workflow.v1.RuleUpdated");
  EXPECT_EQ(workflow.service.Log()[1].actor(), workflow.service.admin().name);
}

TEST(Rule, AChainOfActionsEndsAtItsGreatestDepth) {
  Workflow workflow;
  ASSERT_TRUE(workflow.Create(ARule()).ok());
  // Each lead is another, made because of the action before.
  std::string cause;
  for (int i = 1; i <= kMaxDepth + 1; ++i) {
    AnEvent event = AnEvent().Id(std::to_string(i)).Of(std::to_string(i));
    event.row.set_causation(cause);
    workflow.service.clock().Advance(std::chrono::seconds(1));
    workflow.Bring(event);
    cause = workflow.service.Log().back().event_id();
  }
  EXPECT_EQ(workflow.Planned().size(), 2u * kMaxDepth);
  EXPECT_EQ(workflow.Planned().back().depth(), kMaxDepth);
  EXPECT_EQ(workflow.Runs().back().outcome(), v1::RuleRun::TOO_DEEP);
  EXPECT_EQ(workflow.Runs().back().planned_count(), 0);
}

// What Validate says is wrong: the field, or "" where nothing is.
std::string WrongField(const std::function<void(v1::Rule&)>& spoil) {
  v1::Rule rule = ARule();
  spoil(rule);
  auto status = Validate(rule);
  return status.ok() ? "" : status.field_violations().at(0).field;
}

TEST(Rule, IsCheckedAgainstTheEventsMessageWhenItIsSaved) {
  EXPECT_EQ(WrongField([](v1::Rule&) {}), "");
  EXPECT_EQ(WrongField([](v1::Rule& rule) { rule.set_events(0, "LeadSold"); }), "rule.events[0]");
  EXPECT_EQ(WrongField([](v1::Rule& rule) { rule.add_events("TaskCreated"); }), "rule.events[1]");
  EXPECT_EQ(WrongField([](v1::Rule& rule) { rule.add_events("LeadCreated"); }), "");
  EXPECT_EQ(WrongField([](v1::Rule& rule) { rule.set_condition("lead.colour = \"red\""); }),
            "rule.condition");
  EXPECT_EQ(WrongField([](v1::Rule& rule) { rule.set_condition("deal.stage = \"offer\""); }),
            "rule.condition");
  EXPECT_EQ(WrongField([](v1::Rule& rule) { rule.clear_actions(); }), "rule.actions");
  EXPECT_EQ(WrongField([](v1::Rule& rule) { rule.add_actions(); }), "rule.actions[2]");
  auto title = [](const std::string& text) {
    return WrongField(
        [&](v1::Rule& rule) { rule.mutable_actions(0)->mutable_create_task()->set_title(text); });
  };
  for (const char* wrong : {"{lead.name", "lead.name}", "{}", "{lead.nothing}", "{lead.duplicates}",
                            "{lead.phone}", "{{lead.name}}"}) {
    EXPECT_EQ(title(wrong), "rule.actions[0].create_task.title") << wrong;
  }
  EXPECT_EQ(title("No field at all"), "");
  EXPECT_EQ(WrongField([](v1::Rule& rule) {
              rule.mutable_actions(1)->mutable_notify()->set_user("users/1");
            }),
            "rule.actions[1].notify.user");
  EXPECT_EQ(WrongField([](v1::Rule& rule) {
              rule.mutable_actions(1)->mutable_notify()->set_user_field("lead.nobody");
            }),
            "rule.actions[1].notify.user_field");
}

class WorkflowConformance : public entity::ConformanceTest {};
TEST_P(WorkflowConformance, Holds) {
  Run();
}
INSTANTIATE_TEST_SUITE_P(
    Rules, WorkflowConformance,
    ::testing::ValuesIn(entity::ConformanceCases(
        {.records = Records(),
         .methods = Bound,
         .migrations = "services/workflow/migrations",
         .entities = {{"crm.workflow.v1.RuleService",
                       v1::Rule::descriptor(),
                       [](entity::ConformanceHost&, google::protobuf::Message& example, int) {
                         auto& rule = static_cast<v1::Rule&>(example);
                         v1::Rule valid = ARule();
                         *rule.mutable_events() = valid.events();
                         rule.set_events(0, "crm.leads.v1.LeadAssigned");
                         *rule.mutable_actions() = valid.actions();
                         rule.set_condition("");
                       },
                       {"events", "actions", "condition"}},
                      {"crm.workflow.v1.RuleService", v1::PlannedAction::descriptor()}}})),
    entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::workflow
