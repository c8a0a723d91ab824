// The lead's day: a form becomes a lead with a task, the task grows overdue and the head of the
// department is told once, somebody calls, the lead becomes a contact with a deal, the deal walks
// through its stages and is won, and the contact is a customer. And what may go wrong on such a
// day.
//
// One text for three worlds: the simulation, crm-all, and one process a service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "libs/command/timestamps.h"
#include "tests/scenario/deployed_world.h"
#include "tests/scenario/record_history.h"
#include "tests/scenario/running_deployment.h"
#include "tests/scenario/simulated_world.h"
#include "tests/scenario/window_shop.h"

namespace crm::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

enum class Place { kSimulation, kAll, kDistributed };

std::unique_ptr<World> MakeWorld(Place place) {
  if (place == Place::kSimulation) return std::make_unique<SimulatedWorld>(1);
  const Shape shape = place == Place::kAll ? Shape::kAll : Shape::kDistributed;
  return std::make_unique<DeployedWorld>(RunningDeployment(shape), NewTenantName());
}

class LeadDay : public ::testing::TestWithParam<Place> {
 protected:
  bool Comes(const std::function<bool()>& condition) { return bool(world_->Comes(condition)); }
  // A lead whose task is there.
  std::string LeadWithTask(const std::string& submission) {
    const std::string lead = shop_.Submit(submission);
    EXPECT_TRUE(world_->Comes([&] { return shop_.Tasks(lead).size() == 1; }));
    return lead;
  }
  // A deal in its first stage that can be read.
  leads::v1::ConvertLeadResponse DealOf(const std::string& lead) {
    auto made = shop_.Convert(lead);
    EXPECT_TRUE(world_->Comes(
        [&] { return shop_.Deal(made.deal()).ok() && shop_.Contact(made.contact()).ok(); }));
    return made;
  }
  // Another lead goes the way of an overdue one. What an earlier lead might still cause is through
  // by then.
  void LetAnotherLeadGrowOverdue() {
    const std::string lead = LeadWithTask("a later one");
    world_->Advance(WindowShop::kContactTime + minutes(1));
    EXPECT_TRUE(world_->Comes([&] { return shop_.OverdueNotices(shop_.head(), lead) == 1; }));
  }

  const std::unique_ptr<World> world_ = MakeWorld(GetParam());
  WindowShop shop_{*world_};
};

INSTANTIATE_TEST_SUITE_P(Simulation, LeadDay, ::testing::Values(Place::kSimulation));
INSTANTIATE_TEST_SUITE_P(All, LeadDay, ::testing::Values(Place::kAll));
INSTANTIATE_TEST_SUITE_P(Distributed, LeadDay, ::testing::Values(Place::kDistributed));

TEST_P(LeadDay, BeginsWithAFormAndEndsWithACustomer) {
  const std::string lead = LeadWithTask("s-1");
  const auto task = shop_.Tasks(lead).at(0);
  EXPECT_EQ(task.owner(), shop_.seller());
  EXPECT_EQ(ToTime(task.due_time()), ToTime(shop_.Lead(lead).create_time()) + minutes(15));
  EXPECT_FALSE(task.overdue());

  world_->Advance(WindowShop::kContactTime + minutes(1));
  ASSERT_TRUE(world_->Comes([&] { return shop_.OverdueNotices(shop_.head(), lead) == 1; }));
  EXPECT_TRUE(shop_.HasOverdueTask(lead));
  shop_.LogCall(lead);
  ASSERT_TRUE(world_->Comes([&] { return shop_.Lead(lead).state() == leads::v1::Lead::WORKING; }));

  const auto made = DealOf(lead);
  EXPECT_EQ(shop_.Deal(made.deal())->contact(), made.contact());
  EXPECT_FALSE(shop_.IsCustomer(made.contact()));
  EXPECT_EQ(shop_.TryMove(made.deal(), "payment").status().reason(), "STAGE_SKIPPED");
  shop_.Move(made.deal(), "measurement");
  shop_.Move(made.deal(), "payment");
  EXPECT_EQ(shop_.Win(made.deal()).state(), deals::v1::Deal::WON);
  ASSERT_TRUE(world_->Comes([&] { return shop_.IsCustomer(made.contact()); }));
  EXPECT_EQ(shop_.OverdueNotices(shop_.head(), lead), 1);

  for (const auto& name : {lead, task.name(), made.contact(), made.deal()}) {
    ExpectHistoryIsTheRecord(*world_, name);
  }
  ExpectLogsAreTheTables(*world_, Deployment::Services());
}

TEST_P(LeadDay, IsExplainedFromTheCustomerBackToTheForm) {
  const std::string lead = LeadWithTask("s-1");
  const auto made = DealOf(lead);
  shop_.Move(made.deal(), "measurement");
  shop_.Move(made.deal(), "payment");
  shop_.Win(made.deal());
  ASSERT_TRUE(world_->Comes([&] { return shop_.IsCustomer(made.contact()); }));

  // The contact is a customer because the deal was won, by a request of a person.
  const auto customer =
      WhyOf(*world_, LastFact(*world_, made.contact(), "crm.contacts.v1.ContactBecameCustomer"));
  ASSERT_EQ(customer.size(), 2u);
  EXPECT_EQ(customer[1].type(), "crm.deals.v1.DealWon");
  EXPECT_EQ(customer[1].subject(), made.deal());
  EXPECT_EQ(customer[1].origin(), "crm.deals.v1.DealService/WinDeal");
  // The deal is there because the lead was converted, and the lead because of the form.
  const auto deal = WhyOf(*world_, HistoryOf(*world_, made.deal()).at(0));
  ASSERT_EQ(deal.size(), 2u);
  EXPECT_EQ(deal[1].type(), "crm.leads.v1.LeadConverted");
  EXPECT_EQ(deal[1].subject(), lead);
  EXPECT_EQ(deal[1].correlation(), deal[0].correlation());
  const auto arrival = HistoryOf(*world_, lead).at(0);
  EXPECT_EQ(arrival.type(), "crm.leads.v1.LeadSubmitted");
  EXPECT_EQ(arrival.origin(), "crm.leads.v1.LeadService/SubmitForm");
  EXPECT_EQ(arrival.causation(), "");
}

TEST_P(LeadDay, AConversionThatDealsRefusesIsTakenBackWithItsReason) {
  shop_.ClearDefaultPipeline();
  const std::string lead = shop_.Submit("s-1");
  const auto refused = shop_.Convert(lead);
  EXPECT_FALSE(refused.pending());
  EXPECT_THAT(refused.refusal(), ::testing::HasSubstr("No pipeline is the default"));
  EXPECT_EQ(refused.deal(), "");
  ASSERT_TRUE(world_->Comes([&] { return shop_.Lead(lead).state() == leads::v1::Lead::WORKING; }));
  EXPECT_EQ(shop_.Lead(lead).converted_contact(), "");
  // The contact that was made of it is taken back too.
  EXPECT_TRUE(world_->Comes([&] { return shop_.CountContacts() == 0; }));
}

TEST_P(LeadDay, TheSameSubmissionThreeTimesIsOneLeadWithOneTask) {
  const std::string lead = shop_.Submit("s-1");
  EXPECT_EQ(shop_.Submit("s-1"), lead);
  EXPECT_EQ(shop_.Submit("s-1"), lead);
  LeadWithTask("s-2");
  EXPECT_EQ(shop_.Tasks(lead).size(), 1u);
  EXPECT_EQ(shop_.Leads().size(), 2u);
}

TEST_P(LeadDay, TheHeadIsNotToldWhenSomebodyCalledInTime) {
  const std::string lead = LeadWithTask("s-1");
  shop_.LogCall(lead);
  // What the call does to the lead, that does to its task.
  ASSERT_TRUE(world_->Comes([&] { return shop_.Lead(lead).state() == leads::v1::Lead::WORKING; }));
  ASSERT_TRUE(
      world_->Comes([&] { return shop_.Tasks(lead).at(0).state() == activities::v1::Task::DONE; }));
  world_->Advance(hours(3));
  LetAnotherLeadGrowOverdue();
  EXPECT_EQ(shop_.OverdueNotices(shop_.head(), lead), 0);
}

TEST_P(LeadDay, AServiceThatIsDownOverTheDueTimeTellsTheHeadLateAndOnce) {
  const std::string lead = LeadWithTask("s-1");
  world_->AdvanceWithout("activities", hours(1));
  ASSERT_TRUE(world_->Comes([&] { return shop_.OverdueNotices(shop_.head(), lead) == 1; }));
  EXPECT_TRUE(shop_.HasOverdueTask(lead));
  LetAnotherLeadGrowOverdue();
  EXPECT_EQ(shop_.OverdueNotices(shop_.head(), lead), 1);
}

TEST_P(LeadDay, OfTwoPeopleWhoMoveTheSameDealOneIsToldThatItHasChanged) {
  const auto made = DealOf(shop_.Submit("s-1"));
  deals::v1::MoveDealRequest move;
  move.set_name(made.deal());
  move.set_stage("measurement");
  move.set_etag(shop_.Deal(made.deal())->etag());
  const std::string method = "crm.deals.v1.DealService/MoveDeal";
  auto answers = world_->CallTogether({{method, move}, {method, move}});
  std::sort(answers.begin(), answers.end(),
            [](const auto& a, const auto& b) { return a.ok() > b.ok(); });
  EXPECT_TRUE(answers[0].ok()) << answers[0].status().ToString();
  EXPECT_EQ(answers[1].status().code(), Code::kAborted) << answers[1].status().ToString();
  const auto deal = shop_.Deal(made.deal());
  EXPECT_EQ(deal->stage(), "measurement");
  EXPECT_EQ(deal->stage_history_size(), 2);
  EXPECT_EQ(HistoryOf(*world_, made.deal()).size(), 2u);
}

TEST_P(LeadDay, TwoPeopleWhoMoveADealDifferentlyAreServedInSomeOrder) {
  const auto made = DealOf(shop_.Submit("s-1"));
  shop_.Move(made.deal(), "measurement");
  deals::v1::MoveDealRequest on, back;
  on.set_name(made.deal());
  on.set_stage("payment");
  back.set_name(made.deal());
  back.set_stage("request");
  const std::string method = "crm.deals.v1.DealService/MoveDeal";
  const auto answers = world_->CallTogether({{method, on}, {method, back}});
  // After the way back the one on is a skip, so that alone can be refused.
  EXPECT_TRUE(answers[1].ok()) << answers[1].status().ToString();
  EXPECT_EQ(answers[0].status().reason(), answers[0].ok() ? "" : "STAGE_SKIPPED");
  EXPECT_EQ(shop_.Deal(made.deal())->stage(), "request");
  EXPECT_EQ(HistoryOf(*world_, made.deal()).size(), answers[0].ok() ? 4u : 3u);
  ExpectHistoryIsTheRecord(*world_, made.deal());
}

TEST_P(LeadDay, GoesOnWhileTheBusIsAwayAndIsCaughtUpAfterwards) {
  const std::string before = LeadWithTask("s-1");
  world_->TakeBus();
  const std::string meanwhile = shop_.Submit("s-2");
  EXPECT_EQ(shop_.Submit("s-2"), meanwhile);
  EXPECT_EQ(shop_.Lead(meanwhile).state(), leads::v1::Lead::NEW);
  const auto made = shop_.Convert(before);
  EXPECT_TRUE(made.pending());
  EXPECT_TRUE(shop_.Tasks(meanwhile).empty());
  world_->ReturnBus();
  ASSERT_TRUE(world_->Comes([&] { return shop_.Tasks(meanwhile).size() == 1; }));
  ASSERT_TRUE(world_->Comes([&] { return shop_.Deal(made.deal()).ok(); }));
  EXPECT_EQ(shop_.Tasks(before).size(), 1u);
  ExpectLogsAreTheTables(*world_, Deployment::Services());
}

TEST_P(LeadDay, AnswersTheSameWithTheSharedCountersFlushedOrAway) {
  const std::string lead = LeadWithTask("s-1");
  const std::string before = shop_.Lead(lead).DebugString();
  world_->FlushCounters();
  EXPECT_EQ(shop_.Lead(lead).DebugString(), before);
  world_->TakeCounters();
  EXPECT_EQ(shop_.Lead(lead).DebugString(), before);
  EXPECT_EQ(shop_.Submit("s-1"), lead);
  LeadWithTask("s-2");
  world_->ReturnCounters();
  EXPECT_EQ(shop_.Lead(lead).DebugString(), before);
  EXPECT_EQ(shop_.Leads().size(), 2u);
}

}  // namespace
}  // namespace crm::test
