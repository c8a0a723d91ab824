// The verbs of a deal: every (state, verb) pair, guards, overrides, reasons and history.
#include "services/deals/test_deals.h"

namespace crm::deals {
namespace {

using test::kMonday;
using v1::Deal;

using D04 = DealsTest;
using D06 = DealsTest;
using D09 = DealsTest;
using D14 = DealsTest;
using Verbs = DealsTest;

void Expect(const Result<Deal>& done) {
  EXPECT_TRUE(done.ok()) << done.status().ToString();
}

TEST_F(D04, EveryPairOfStateAndVerbIsAllowedOrRefusedWithItsReason) {
  MakePipeline();
  // Where the deal is, the verb, and the reason with which it is refused (empty: allowed).
  struct Row {
    const char* state;
    const char* verb;
    const char* reason;
  };
  const Row rows[] = {
      {"first", "move first", "STAGE_UNCHANGED"},
      {"first", "move measured", ""},
      {"first", "move offered", "STAGE_SKIPPED"},
      {"first", "move nowhere", "INVALID_FIELD"},
      {"first", "win", "STAGE_SKIPPED"},
      {"first", "lose", ""},
      {"first", "reopen", "DEAL_OPEN"},
      {"measured", "move first", ""},
      {"measured", "move measured", "STAGE_UNCHANGED"},
      {"measured", "move offered", ""},
      {"measured", "win", "STAGE_SKIPPED"},
      {"measured", "lose", ""},
      {"measured", "reopen", "DEAL_OPEN"},
      {"offered", "move first", ""},
      {"offered", "move measured", ""},
      {"offered", "move offered", "STAGE_UNCHANGED"},
      {"offered", "win", ""},
      {"offered", "lose", ""},
      {"offered", "reopen", "DEAL_OPEN"},
      {"won", "move first", "DEAL_CLOSED"},
      {"won", "win", "DEAL_CLOSED"},
      {"won", "lose", "DEAL_CLOSED"},
      {"won", "reopen", ""},
      {"lost", "move measured", "DEAL_CLOSED"},
      {"lost", "win", "DEAL_CLOSED"},
      {"lost", "lose", "DEAL_CLOSED"},
      {"lost", "reopen", ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(row.state) + " " + row.verb);
    std::string state = row.state;
    std::string verb = row.verb;
    std::string name = MakeDeal().name();
    if (state != "first" && state != "lost") Expect(Move(name, "measured"));
    if (state == "offered" || state == "won") Expect(Move(name, "offered"));
    if (state == "won") Expect(Win(name));
    if (state == "lost") Expect(Lose(name, "price"));
    size_t events = service_.Log().size();
    auto after = verb == "win"      ? Win(name)
                 : verb == "lose"   ? Lose(name, "timing")
                 : verb == "reopen" ? Reopen(name)
                                    : Move(name, verb.substr(5));
    EXPECT_EQ(after.status().reason(), row.reason);
    EXPECT_EQ(service_.Log().size(), events + (after.ok() ? 1 : 0));
  }
}

TEST_F(D04, SkippingAStageIsFailedPreconditionWithTheDealAsItsSubject) {
  MakePipeline();
  std::string name = MakeDeal().name();
  auto refused = Move(name, "offered").status();
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  ASSERT_EQ(refused.precondition_violations().size(), 1u);
  EXPECT_EQ(refused.precondition_violations()[0].type, "STAGE_SKIPPED");
  EXPECT_EQ(refused.precondition_violations()[0].subject, name);
  EXPECT_EQ(Get(name).stage(), "first");
}

TEST_F(D06, EveryGuardThatDoesNotHoldIsNamed) {
  MakePipeline();
  std::string name = MakeDeal(0).name();
  auto refused = Move(name, "measured").status();
  EXPECT_EQ(refused.reason(), "STAGE_GUARD");
  ASSERT_EQ(refused.precondition_violations().size(), 2u);
  EXPECT_EQ(refused.precondition_violations()[0].description, "amount must be set");
  EXPECT_EQ(refused.precondition_violations()[1].description, "The amount must be above 10.00.");
  v1::UpdateDealRequest update;
  *update.mutable_deal() = Get(name);
  update.mutable_deal()->mutable_amount()->set_currency_code("ILS");
  update.mutable_deal()->mutable_amount()->set_amount_minor(1001);
  update.mutable_update_mask()->add_paths("amount");
  auto updated = Call<Deal>("UpdateDeal", update);
  ASSERT_TRUE(updated.ok()) << updated.status().ToString();
  EXPECT_EQ(updated->amount_minor(), 1001);
  EXPECT_TRUE(Move(name, "measured").ok());
}

TEST_F(D06, AnOverrideNeedsThePermissionAndIsKeptInTheEvent) {
  MakePipeline();
  v1::MoveDealRequest request;
  request.set_name(MakeDeal(0).name());
  request.set_stage("offered");
  request.set_override_reason("The head said so");
  auto refused = service_.Call<Deal>("MoveDeal", request, service_.User("deal.move"));
  EXPECT_EQ(refused.status().code(), Code::kPermissionDenied);
  ASSERT_TRUE(Call<Deal>("MoveDeal", request).ok());
  auto moved = LastEvent().moved();
  EXPECT_EQ(moved.override_reason(), "The head said so");
  EXPECT_NE(moved.overridden().find("STAGE_SKIPPED"), std::string::npos);
}

TEST_F(D09, LostNeedsAReasonOfTheListAndOtherNeedsText) {
  MakePipeline();
  std::string name = MakeDeal().name();
  size_t events = service_.Log().size();
  EXPECT_EQ(Lose(name, "").status().reason(), "INVALID_FIELD");
  EXPECT_EQ(Lose(name, "weather").status().reason(), "INVALID_FIELD");
  EXPECT_EQ(Lose(name, "other").status(),
            InvalidField("reason_text", "is required for the reason other"));
  EXPECT_EQ(service_.Log().size(), events);
  auto lost = Lose(name, "other", "not in source");
  ASSERT_TRUE(lost.ok()) << lost.status().ToString();
  EXPECT_EQ(lost->state(), Deal::LOST);
  EXPECT_EQ(lost->lost_reason_text(), "not in source");
}

TEST_F(D14, TheHistoryOfStagesIsKeptInBusinessTime) {
  MakePipeline();
  auto day = [](int days) { return kMonday - std::chrono::days(days); };
  std::string name = MakeDeal(5000, day(9)).name();
  ASSERT_TRUE(Move(name, "measured", day(7)).ok());
  ASSERT_TRUE(Move(name, "offered", day(4)).ok());
  auto won = Win(name, day(1));
  ASSERT_TRUE(won.ok()) << won.status().ToString();
  ASSERT_EQ(won->stage_history_size(), 3);
  EXPECT_EQ(won->stage_history(0).stage(), "first");
  EXPECT_EQ(ToTime(won->stage_history(0).enter_time()), day(9));
  EXPECT_EQ(ToTime(won->stage_history(0).leave_time()), day(7));
  EXPECT_EQ(ToTime(won->stage_history(2).leave_time()), day(1));
  EXPECT_EQ(ToTime(won->close_time()), day(1));
  EXPECT_EQ(service_.Log().size(), 5u);
  auto reopened = Reopen(name);
  ASSERT_TRUE(reopened.ok());
  EXPECT_FALSE(reopened->has_close_time());
  EXPECT_FALSE(reopened->stage_history(3).has_leave_time());
}

TEST_F(D14, ABeginningThatNobodyKnowsStaysUnset) {
  MakePipeline();
  auto request = ToCreate(5000);
  request.set_begin_unknown(true);
  auto made = Call<Deal>("CreateDeal", request);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  EXPECT_FALSE(made->stage_history(0).has_enter_time());
  auto moved = Move(made->name(), "measured");
  ASSERT_TRUE(moved.ok()) << moved.status().ToString();
  EXPECT_FALSE(moved->stage_history(0).has_enter_time());
  EXPECT_TRUE(moved->stage_history(0).has_leave_time());

  *request.mutable_occurred_time() = ToTimestamp(kMonday);
  EXPECT_EQ(Call<Deal>("CreateDeal", request).status().reason(), "INVALID_FIELD");
}

TEST_F(Verbs, RefuseBusinessTimesOfTheFutureAndBeforeTheLastChange) {
  MakePipeline();
  std::string name = MakeDeal(5000, kMonday - std::chrono::days(2)).name();
  EXPECT_EQ(Move(name, "measured", kMonday + std::chrono::hours(1)).status().reason(),
            "INVALID_FIELD");
  EXPECT_EQ(Move(name, "measured", kMonday - std::chrono::days(3)).status().reason(),
            "OCCURRED_BEFORE_LAST");
}

TEST_F(Verbs, ListTransitionsSaysWhatIsAllowedAndWhatStandsInTheWay) {
  MakePipeline();
  v1::ListTransitionsRequest request;
  request.set_name(MakeDeal(0).name());
  auto answer = Call<v1::ListTransitionsResponse>("ListTransitions", request);
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  ASSERT_EQ(answer->transitions_size(), 5);
  EXPECT_EQ(answer->transitions(0).stage(), "measured");
  EXPECT_EQ(answer->transitions(0).reason(), "STAGE_GUARD");
  EXPECT_EQ(answer->transitions(0).obstacles_size(), 2);
  EXPECT_EQ(answer->transitions(1).reason(), "STAGE_SKIPPED");
  EXPECT_EQ(answer->transitions(2).verb(), v1::Transition::WIN);
  EXPECT_FALSE(answer->transitions(2).allowed());
  EXPECT_EQ(answer->transitions(3).verb(), v1::Transition::LOSE);
  EXPECT_TRUE(answer->transitions(3).allowed());
  EXPECT_EQ(answer->transitions(4).reason(), "DEAL_OPEN");
}

}  // namespace
}  // namespace crm::deals
