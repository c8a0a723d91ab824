// Each check turns red for the history it is meant for, and only then.
#include "tests/chaos/checker.h"

#include <gmock/gmock.h>

#include "crm/activities/v1/activity.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "crm/testing/v1/exhibit.pb.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/rpc/descriptors.h"
#include "tests/chaos/witness.h"

namespace crm::chaos {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr char kMethod[] = "crm.leads.v1.LeadService/CreateLead";
constexpr char kConsumer[] = "witness.on_leads";
const Uuid kTenant = *Uuid::Parse("00000000-0000-7000-8000-00000000000a");
const Uuid kOther = *Uuid::Parse("00000000-0000-7000-8000-00000000000b");
const Time kNow = *ParseTime("2026-11-22T10:00:00Z");

std::string Lead(int number) {
  return "leads/00000000-0000-7000-8000-00000000010" + std::to_string(number);
}

// A system that kept its promises: two leads of two versions each, made by one call each, all of it
// in table, log, topic, inbox and ledger. Each test breaks one thing.
class CheckerTest : public ::testing::Test {
 protected:
  CheckerTest() {
    evidence_.taken = kNow;
    evidence_.consumers.push_back(
        {kConsumer, "witness", 1, {"leads"}, {leads::v1::LeadEvent::descriptor()->full_name()}});
    evidence_.services["witness"];
    evidence_.services["activities"];
    for (int number : {1, 2}) AddLead(number);
  }

  ServiceEvidence& leads() { return evidence_.services["leads"]; }
  ServiceEvidence& witness() { return evidence_.services["witness"]; }
  ServiceEvidence& activities() { return evidence_.services["activities"]; }
  Operation& operation(int number) { return evidence_.operations[static_cast<size_t>(number) - 1]; }

  static LogRow Row(ServiceEvidence& service, const Uuid& tenant, const std::string& subject,
                    int64_t version, const google::protobuf::Message& event) {
    LogRow row;
    row.set_seq(service.log.empty() ? 1 : service.log.back().seq() + 1);
    row.set_tenant(tenant.bytes.data(), tenant.bytes.size());
    row.set_subject(subject);
    row.set_version(version);
    row.set_event_id(NamedUuid(subject, std::to_string(version)).ToString());
    row.set_type("crm.test.Fact" + std::to_string(version));
    row.set_payload_type(event.GetTypeName());
    row.set_body(EncodeRecord(event));
    *row.mutable_recorded_time() = ToTimestamp(kNow + std::chrono::microseconds(row.seq()));
    return row;
  }

  void AddLead(int number) {
    leads::v1::LeadEvent event;
    event.mutable_lead()->set_name(Lead(number));
    event.mutable_lead()->set_display_name("Dana");
    std::string id = "call-" + std::to_string(number);
    for (int64_t version : {1, 2}) {
      event.mutable_lead()->set_interest("v" + std::to_string(version));
      LogRow row = Row(leads(), kTenant, Lead(number), version, event);
      row.set_correlation(id);
      row.set_origin(kMethod);
      leads().log.push_back(row);
      leads().topic.push_back({number, version - 1, kTenant.ToString() + "/" + Lead(number), row});
    }
    leads().records.push_back({kTenant, Lead(number), 2, EncodeRecord(event.lead())});
    Operation made{.id = id,
                   .tenant = kTenant.ToString(),
                   .method = kMethod,
                   .group = id,
                   .run = "",
                   .events = 2,
                   .outcome = Operation::Outcome::kOk,
                   .answers = {"bytes"},
                   .claims = {{Lead(number), 2}}};
    evidence_.operations.push_back(made);
    AddConsequences(number);
  }

  void AddConsequences(int number) {
    kernel::v1::InboxEntry entry;
    entry.set_consumer(kConsumer);
    entry.set_generation(1);
    entry.set_subject(Lead(number));
    entry.set_last_version(2);
    witness().inbox.push_back({kTenant, entry});
    for (auto [what, times] : {std::pair{kEventCount, 2}, std::pair{kFiringCount, 1}}) {
      AddCount(number, what, times);
    }
    activities::v1::Task task;
    task.set_kind("contact_lead");
    task.set_subject(Lead(number));
    AddRecord(activities(), "tasks/00000000-0000-7000-8000-00000000020" + std::to_string(number),
              task, "task");
    kernel::v1::Effect effect;
    effect.set_key(LedgerKey(kTenant, Lead(number)));
    effect.set_state(kernel::v1::Effect::CONFIRMED);
    witness().effects.push_back({kTenant, effect});
    evidence_.ledger.push_back(effect.key());
  }

  // A record of one version with its event, written by a consumer of the lead's first event.
  void AddRecord(ServiceEvidence& service, const std::string& name,
                 const google::protobuf::Message& record, const std::string& field) {
    const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
        record.GetTypeName() + "Event");
    auto event = rpc::NewMessage(type);
    event->GetReflection()
        ->MutableMessage(event.get(), type->FindFieldByName(field))
        ->CopyFrom(record);
    LogRow row = Row(service, kTenant, name, 1, *event);
    row.set_origin("consumer:test");
    row.set_causation(leads().log.front().event_id());
    service.log.push_back(row);
    service.topic.push_back({0, row.seq(), kTenant.ToString() + "/" + name, row});
    service.records.push_back({kTenant, name, 1, EncodeRecord(record)});
  }

  void AddCount(int number, const char* what, int times) {
    testing::v1::Exhibit count;
    count.set_display_name(what);
    count.set_nickname(Lead(number));
    count.set_insured_minor(times);
    AddRecord(witness(), "exhibits/" + NamedUuid(what, Lead(number)).ToString(), count, "exhibit");
  }

  // The checks that find something.
  std::set<std::string> Red() const {
    std::set<std::string> checks;
    for (const auto& finding : Check(evidence_)) checks.insert(finding.check);
    return checks;
  }

  Evidence evidence_;
};

TEST_F(CheckerTest, FindsNothingInASystemThatKeptItsPromises) {
  EXPECT_EQ(Describe(Check(evidence_)), "0 findings");
}

TEST_F(CheckerTest, FindsAnAnswerThatDiffersFromTheFirst) {
  operation(1).answers.push_back("other bytes");
  EXPECT_THAT(CheckAnswers(evidence_), ElementsAre(HasSubstr("call-1 got different answers")));
  EXPECT_THAT(Red(), ElementsAre("answers"));
}

TEST_F(CheckerTest, FindsAVersionThatWasPromisedTwice) {
  operation(2).claims = {{Lead(1), 2}};
  EXPECT_THAT(CheckAnswers(evidence_),
              ElementsAre(Lead(1) + "@2 was promised to call-1 and to call-2"));
  EXPECT_THAT(CheckHistory(evidence_), ElementsAre(HasSubstr("written by call-1")));
}

TEST_F(CheckerTest, FindsAnAcknowledgedCallThatIsLost) {
  Operation lost = operation(1);
  lost.id = lost.group = "call-3";
  lost.claims = {{Lead(3), 2}};
  evidence_.operations.push_back(lost);
  EXPECT_THAT(
      CheckHistory(evidence_),
      UnorderedElementsAre(HasSubstr("call-3 was answered OK and has 0 events instead of 2"),
                           HasSubstr("was promised to call-3 and is not in the log")));
  EXPECT_THAT(Red(), ElementsAre("history"));
}

TEST_F(CheckerTest, FindsAnUnknownCallWithHalfAnEffect) {
  operation(1).outcome = Operation::Outcome::kUnknown;
  operation(1).answers.clear();
  operation(1).claims.clear();
  EXPECT_THAT(Red(), IsEmpty());
  operation(1).events = 3;
  EXPECT_THAT(CheckHistory(evidence_),
              ElementsAre(HasSubstr("is unknown and has 2 events instead of none or 3")));
}

TEST_F(CheckerTest, FindsARefusalThatLeftSomething) {
  operation(1).outcome = Operation::Outcome::kFail;
  operation(1).claims.clear();
  EXPECT_THAT(CheckHistory(evidence_),
              ElementsAre(HasSubstr("was refused and has 2 events instead of none")));
}

TEST_F(CheckerTest, TakesTheSameSubmissionUnderTwoIdsForOneEffect) {
  Operation again = operation(1);
  again.id = "call-3";
  evidence_.operations.push_back(again);
  EXPECT_THAT(Red(), IsEmpty());
}

TEST_F(CheckerTest, FindsAnEffectThatNobodyAskedFor) {
  leads().log[0].set_correlation("nobody");
  EXPECT_THAT(CheckHistory(evidence_), ::testing::Contains(HasSubstr("comes from no call")));
}

TEST_F(CheckerTest, FindsAConsequenceWithoutACause) {
  witness().log[0].set_causation("unknown");
  EXPECT_THAT(CheckHistory(evidence_), ElementsAre(HasSubstr("has no known cause")));
}

TEST_F(CheckerTest, FindsAnImportThatStoredARowTwice) {
  evidence_.operations.push_back({.id = "run-1",
                                  .tenant = kTenant.ToString(),
                                  .method = "",
                                  .group = "run-1",
                                  .run = "run-1",
                                  .events = 1,
                                  .outcome = Operation::Outcome::kOk,
                                  .answers = {""},
                                  .claims = {}});
  EXPECT_THAT(CheckHistory(evidence_), ElementsAre("the import run-1 has 0 events instead of 1"));
}

TEST_F(CheckerTest, FindsAGapInTheLogAndATimeThatStoodStill) {
  leads().log[3].set_seq(5);
  leads().topic[3].row.set_seq(5);
  EXPECT_THAT(CheckLog(evidence_), ElementsAre("leads: 5 follows 3 in the log"));
  *leads().log[3].mutable_recorded_time() = leads().log[2].recorded_time();
  EXPECT_THAT(CheckLog(evidence_), ::testing::Contains(HasSubstr("is recorded no later")));
}

TEST_F(CheckerTest, FindsAVersionThatIsMissingOrInverted) {
  std::swap(leads().log[0], leads().log[1]);
  EXPECT_THAT(CheckVersions(evidence_), Each(HasSubstr("follows version")));
  EXPECT_EQ(CheckVersions(evidence_).size(), 2u);
}

TEST_F(CheckerTest, FindsATableThatIsNotTheFoldOfItsLog) {
  leads().records[0].version = 3;
  EXPECT_THAT(CheckTables(evidence_),
              ElementsAre(HasSubstr("has version 3 in its table and 2 in the log")));
  leads().records[0].version = 2;
  leads::v1::Lead lead;
  lead.set_name(Lead(1));
  leads().records[0].body = EncodeRecord(lead);
  EXPECT_THAT(CheckTables(evidence_), ElementsAre(HasSubstr("differs from its last event")));
  leads().records.erase(leads().records.begin());
  EXPECT_THAT(CheckTables(evidence_), ElementsAre(HasSubstr("is in the log and not in its table")));
  leads().records.push_back({kTenant, Lead(1), 2, leads().records[0].body});
  leads().log.erase(leads().log.begin(), leads().log.begin() + 2);
  EXPECT_THAT(CheckTables(evidence_), ElementsAre(HasSubstr("is in its table and not in the log")));
}

TEST_F(CheckerTest, FindsAnEventThatTheTopicDoesNotHave) {
  leads().topic.pop_back();
  EXPECT_THAT(CheckTopic(evidence_), ElementsAre(HasSubstr("is in the log and not in the topic")));
}

TEST_F(CheckerTest, FindsAnEventThatOnlyTheTopicHas) {
  TopicRecord phantom = leads().topic.back();
  phantom.row.set_version(3);
  leads().topic.push_back(phantom);
  EXPECT_THAT(CheckTopic(evidence_), ElementsAre(HasSubstr("is in the topic and not in the log")));
}

TEST_F(CheckerTest, DropsRepeatsInTheTopicButNoInversion) {
  leads().topic.push_back(leads().topic[2]);
  EXPECT_THAT(Red(), IsEmpty());
  std::swap(leads().topic[0], leads().topic[1]);
  EXPECT_THAT(CheckTopic(evidence_),
              ElementsAre(HasSubstr("is in the topic before its version 1")));
}

TEST_F(CheckerTest, FindsAnEventThatIsAnotherInTheTopic) {
  leads().topic[0].row.set_body("else");
  EXPECT_THAT(CheckTopic(evidence_), ElementsAre(HasSubstr("is another event in the topic")));
}

TEST_F(CheckerTest, FindsAnEventThatAConsumerHasNotApplied) {
  witness().inbox[0].record.set_last_version(1);
  EXPECT_THAT(CheckInbox(evidence_), ElementsAre(HasSubstr("up to 1 of 2")));
  witness().inbox.erase(witness().inbox.begin());
  EXPECT_THAT(CheckInbox(evidence_), ElementsAre(HasSubstr("has applied nothing of")));
}

TEST_F(CheckerTest, KnowsAConsumerOfAllEvents) {
  evidence_.consumers[0].wants = {"*"};
  EXPECT_THAT(Red(), IsEmpty());
  witness().inbox.pop_back();
  EXPECT_THAT(Red(), ElementsAre("inbox"));
}

TEST_F(CheckerTest, ExpectsNothingOfFactsThatAConsumerDoesNotActOn) {
  evidence_.consumers[0].facts = {leads().log[0].type()};
  for (auto& entry : witness().inbox) entry.record.set_last_version(1);
  EXPECT_THAT(Red(), IsEmpty());
  witness().inbox.pop_back();
  EXPECT_THAT(Red(), ElementsAre("inbox"));
}

TEST_F(CheckerTest, FindsAParkedSubject) {
  witness().inbox[0].record.set_parked(true);
  witness().letters.push_back({kTenant, {}});
  EXPECT_THAT(CheckInbox(evidence_),
              ElementsAre(HasSubstr("has parked"), HasSubstr("could not apply")));
}

TEST_F(CheckerTest, FindsAnEffectThatIsThereTwiceForOneCause) {
  LogRow again = witness().log[0];
  again.set_seq(witness().log.back().seq() + 1);
  witness().log.push_back(again);
  EXPECT_THAT(CheckOnce(evidence_), ElementsAre(HasSubstr("is there twice for one cause")));
}

TEST_F(CheckerTest, FindsAnEventThatWasCountedTwiceAndATimerThatNeverFired) {
  witness().records.clear();
  AddCount(1, kEventCount, 3);
  AddCount(2, kEventCount, 2);
  AddCount(2, kFiringCount, 1);
  EXPECT_THAT(CheckOnce(evidence_), ::testing::IsSupersetOf({HasSubstr("counted 3 events of"),
                                                             HasSubstr("counted 0 firings of")}));
}

TEST_F(CheckerTest, FindsALeadWithoutAContactTask) {
  activities().records.pop_back();
  EXPECT_THAT(CheckOnce(evidence_), ElementsAre(HasSubstr("has 0 contact tasks")));
}

TEST_F(CheckerTest, FindsATimerThatIsOverdue) {
  kernel::v1::Timer timer;
  timer.set_kind("witness");
  *timer.mutable_due_time() = ToTimestamp(kNow + std::chrono::hours(1));
  witness().timers.push_back({kTenant, timer});
  EXPECT_THAT(Red(), IsEmpty());
  *witness().timers[0].record.mutable_due_time() = ToTimestamp(kNow - std::chrono::minutes(1));
  EXPECT_THAT(CheckTimers(evidence_), ElementsAre(HasSubstr("is still set")));
  EXPECT_THAT(Red(), ElementsAre("timers"));
}

TEST_F(CheckerTest, FindsAReminderThatDidNotFire) {
  activities::v1::Reminder reminder;
  *reminder.mutable_remind_time() = ToTimestamp(kNow - std::chrono::minutes(1));
  AddRecord(activities(), "reminders/00000000-0000-7000-8000-000000000301", reminder, "reminder");
  EXPECT_THAT(CheckTimers(evidence_), ElementsAre(HasSubstr("has fired 0 times")));
}

TEST_F(CheckerTest, FindsAnEffectThatHappenedTwiceNeverOrUnasked) {
  evidence_.ledger.push_back(evidence_.ledger[0]);
  EXPECT_THAT(CheckEffects(evidence_), ElementsAre(HasSubstr("happened 2 times")));
  evidence_.ledger = {evidence_.ledger[1]};
  EXPECT_THAT(CheckEffects(evidence_), ElementsAre(HasSubstr("happened 0 times")));
  evidence_.ledger = {LedgerKey(kTenant, Lead(1)), LedgerKey(kTenant, Lead(2)), "stray"};
  EXPECT_THAT(CheckEffects(evidence_), ElementsAre("stray happened unasked"));
}

TEST_F(CheckerTest, FindsAnEffectThatIsNotSettledOrWasNeverAskedFor) {
  witness().effects[0].record.set_state(kernel::v1::Effect::SENDING);
  EXPECT_THAT(CheckEffects(evidence_), ElementsAre(HasSubstr("is SENDING")));
  witness().effects.erase(witness().effects.begin());
  evidence_.ledger.erase(evidence_.ledger.begin());
  EXPECT_THAT(CheckEffects(evidence_), ElementsAre(HasSubstr("was never asked for")));
}

TEST_F(CheckerTest, FindsAnEventThatCrossedTenants) {
  LogRow& row = witness().log[0];
  row.set_tenant(kOther.bytes.data(), kOther.bytes.size());
  EXPECT_THAT(CheckTenants(evidence_), ElementsAre(HasSubstr("of another tenant")));
}

TEST_F(CheckerTest, TellsOfAProcessThatDiedByItself) {
  evidence_.incidents.push_back("crm-all ended with 139");
  EXPECT_THAT(Red(), ElementsAre("process"));
}

TEST_F(CheckerTest, ShowsOnlySomeOfManyFindings) {
  for (int i = 0; i < 40; ++i) evidence_.incidents.push_back("one");
  auto findings = Check(evidence_);
  ASSERT_EQ(findings.size(), kMostOfACheck + 1);
  EXPECT_EQ(findings.back().text, "and 30 more");
}

TEST(HistoryTest, GathersTheStepsOfACallOverItsAttempts) {
  std::vector<CallStep> steps(5);
  for (auto& step : steps) step.set_id("one");
  leads::v1::Lead lead;
  lead.set_name(Lead(1));
  lead.set_etag("v2");
  steps[0].set_kind(CallStep::INVOKE);
  steps[0].set_method(kMethod);
  steps[0].set_events(2);
  steps[1].set_kind(CallStep::UNKNOWN);
  steps[2].set_kind(CallStep::OK);
  steps[2].set_response(lead.SerializeAsString());
  steps[3] = steps[2];
  steps[4].set_kind(CallStep::FAIL);
  auto operations = Gather({steps.begin(), steps.begin() + 2});
  EXPECT_EQ(operations[0].outcome, Operation::Outcome::kUnknown);
  operations = Gather({steps.begin(), steps.begin() + 4});
  ASSERT_EQ(operations.size(), 1u);
  EXPECT_EQ(operations[0].outcome, Operation::Outcome::kOk);
  EXPECT_EQ(operations[0].answers.size(), 2u);
  EXPECT_THAT(operations[0].claims, ElementsAre(Claim{Lead(1), 2}));
  // Refused after it was answered: an answer that differs.
  EXPECT_EQ(Gather(steps)[0].answers.size(), 3u);
}

}  // namespace
}  // namespace crm::chaos
