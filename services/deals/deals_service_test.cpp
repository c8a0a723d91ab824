// Creation, pipelines, hand-over, report, consumers, and the conformance suite.
#include "crm/identity/v1/identity_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "libs/entity/conformance.h"
#include "libs/entity/conformance_host.h"
#include "libs/people/hand_over.h"
#include "services/deals/test_deals.h"

namespace crm::deals {
namespace {

using test::kMonday;
using v1::Deal;
using v1::Pipeline;

// Named after the features that they prove.
using C12 = DealsTest;
using D01 = DealsTest;
using D02 = DealsTest;
using D03 = DealsTest;
using D08 = DealsTest;
using Deals = DealsTest;
using Pipelines = DealsTest;

std::string UserName(const char* who) {
  return "users/" + NamedUuid("users", who).ToString();
}

std::string DepartmentName(const char* which) {
  return "departments/" + NamedUuid("departments", which).ToString();
}

TEST_F(D01, NeedAContactOrACompany) {
  MakePipeline();
  auto request = ToCreate(0);
  request.mutable_deal()->clear_contact();
  EXPECT_EQ(Call<Deal>("CreateDeal", request).status(),
            InvalidField("deal.contact", "a deal needs a contact or a company"));
  request.mutable_deal()->set_company("companies/" + NamedUuid("c", "1").ToString());
  EXPECT_TRUE(Call<Deal>("CreateDeal", request).ok());
}

TEST_F(Deals, BeginInTheFirstStageOfTheDefaultPipeline) {
  EXPECT_EQ(Call<Deal>("CreateDeal", ToCreate(5000)).status().reason(), "NO_DEFAULT_PIPELINE");
  auto pipeline = MakePipeline();
  Deal deal = MakeDeal(5000);
  EXPECT_EQ(deal.pipeline(), pipeline.name());
  EXPECT_EQ(deal.stage(), "first");
  EXPECT_EQ(deal.state(), Deal::OPEN);
  EXPECT_EQ(deal.currency_code(), "ILS");
}

TEST_F(D03, AreRefusedWithAllThatIsWrongWithThem) {
  Pipeline pipeline = WindowPipeline();
  pipeline.mutable_stages(0)->set_id("First stage");
  pipeline.mutable_stages(2)->set_id("measured");
  pipeline.mutable_stages(1)->add_required_fields("colour");
  pipeline.mutable_stages(1)->mutable_checks(0)->set_condition("amount >");
  v1::CreatePipelineRequest request;
  *request.mutable_pipeline() = pipeline;
  auto status = Call<Pipeline>("CreatePipeline", request).status();
  ASSERT_EQ(status.field_violations().size(), 4u) << status.ToString();
  EXPECT_EQ(status.field_violations()[0].field, "pipeline.stages[0].id");
  EXPECT_EQ(status.field_violations()[1].field, "pipeline.stages[1].required_fields[1]");
  EXPECT_EQ(status.field_violations()[2].field, "pipeline.stages[1].checks[0].condition");
  EXPECT_EQ(status.field_violations()[3].field, "pipeline.stages[2].id");
}

TEST_F(Pipelines, ThereIsOneDefaultAtMostAndADeletedOneGivesItUp) {
  auto first = MakePipeline();
  Pipeline second = WindowPipeline();
  second.set_display_name("Doors");
  v1::CreatePipelineRequest create;
  *create.mutable_pipeline() = second;
  EXPECT_EQ(Call<Pipeline>("CreatePipeline", create).status().reason(), "VALUE_TAKEN");
  v1::DeletePipelineRequest remove;
  remove.set_name(first.name());
  ASSERT_TRUE(Call<Pipeline>("DeletePipeline", remove).ok());
  second = MakePipeline(second);
  EXPECT_EQ(MakeDeal().pipeline(), second.name());
}

TEST_F(Pipelines, ADefaultThatAnUndoTookBackCanBeMadeAgain) {
  Pipeline undone = MakePipeline();
  ASSERT_TRUE(service_
                  .Run([&](crm::Call& call) -> Status {
                    auto pipeline = call.Load<Pipeline>(undone.name());
                    if (!pipeline.ok()) return pipeline.status();
                    *pipeline->mutable_delete_time() = ToTimestamp(call.now());
                    return call.StoreWithFact(*pipeline, "deleted");
                  })
                  .ok());
  EXPECT_EQ(Call<Deal>("CreateDeal", ToCreate(5000)).status().reason(), "NO_DEFAULT_PIPELINE");
  Pipeline again = MakePipeline();
  EXPECT_EQ(MakeDeal().pipeline(), again.name());
}

TEST_F(Pipelines, KeepTheStagesThatOpenDealsAreIn) {
  v1::UpdatePipelineRequest update;
  *update.mutable_pipeline() = MakePipeline();
  update.mutable_update_mask()->add_paths("stages");
  ASSERT_TRUE(Move(MakeDeal().name(), "measured").ok());
  update.mutable_pipeline()->mutable_stages()->DeleteSubrange(1, 1);
  EXPECT_EQ(Call<Pipeline>("UpdatePipeline", update).status().reason(), "STAGE_IN_USE");
}

TEST_F(D08, AreCountedAndSummedNowAndAsOfAnyMoment) {
  MakePipeline();
  auto day = [](int days) { return kMonday - std::chrono::days(days); };
  std::string one = MakeDeal(5000, day(9)).name();
  std::string two = MakeDeal(7000, day(8)).name();
  ASSERT_TRUE(Move(one, "measured", day(7)).ok());
  ASSERT_TRUE(Move(one, "offered", day(5)).ok());
  ASSERT_TRUE(Win(one, day(3)).ok());
  ASSERT_TRUE(Lose(two, "price").ok());
  auto lines = [&](std::optional<Time> effective, const Principal& as) {
    v1::ReportPipelineRequest request;
    request.add_group_by(v1::ReportPipelineRequest::STAGE);
    if (effective) *request.mutable_effective_as_of() = ToTimestamp(*effective);
    auto report = service_.Call<v1::ReportPipelineResponse>("ReportPipeline", request, as);
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    std::string text;
    for (const auto& group : report->groups()) {
      text += Deal::State_Name(group.state()) + " " + group.values(0) + " " +
              std::to_string(group.deal_count()) + " " + std::to_string(group.amount_minor()) +
              group.currency_code() + "; ";
    }
    return text;
  };
  const Principal& admin = service_.admin();
  EXPECT_EQ(lines(std::nullopt, admin), "WON offered 1 5000ILS; LOST first 1 7000ILS; ");
  EXPECT_EQ(lines(service_.clock().Now(), admin), lines(std::nullopt, admin));
  EXPECT_EQ(lines(day(8), admin), "OPEN first 2 12000ILS; ");
  EXPECT_EQ(lines(day(6), admin), "OPEN first 1 7000ILS; OPEN measured 1 5000ILS; ");
  EXPECT_EQ(lines(day(2), admin), "OPEN first 1 7000ILS; WON offered 1 5000ILS; ");
  EXPECT_EQ(lines(day(10), admin), "");
  Principal owner = service_.User("deal.list", Scope::kOwn);
  EXPECT_EQ(lines(std::nullopt, owner), "");
  EXPECT_EQ(lines(day(2), owner), "");
}

TEST_F(C12, OfOnePersonMoveToAnotherPageByPage) {
  MakePipeline();
  auto request = ToCreate(5000);
  request.mutable_deal()->set_owner(UserName("gone"));
  const size_t many = people::HandOvers::kPage + 3;
  for (size_t i = 0; i < many; ++i) ASSERT_TRUE(Call<Deal>("CreateDeal", request).ok());
  auto closed = Call<Deal>("CreateDeal", request);
  ASSERT_TRUE(Lose(closed->name(), "price").ok());

  identity::v1::UserEvent left;
  left.mutable_user()->set_name(UserName("gone"));
  left.mutable_dismissed()->set_successor(UserName("next"));
  ASSERT_TRUE(Consume(left, kMonday).ok());
  EXPECT_EQ(LastEvent().handed_over().previous_owner(), UserName("gone"));
  v1::ListDealsRequest left_over;
  left_over.set_filter("owner = \"" + UserName("gone") + "\"");
  auto count = [&] { return Call<v1::ListDealsResponse>("ListDeals", left_over)->deals_size(); };
  EXPECT_EQ(count(), 4);
  FireTimers();
  EXPECT_EQ(count(), 1);
  v1::HandOverDealsRequest rest;
  rest.set_from(UserName("gone"));
  rest.set_to(UserName("next"));
  auto moved = Call<v1::HandOverDealsResponse>("HandOverDeals", rest);
  ASSERT_TRUE(moved.ok()) << moved.status().ToString();
  EXPECT_EQ(moved->moved(), 0);
  EXPECT_FALSE(moved->pending());
  EXPECT_EQ(Get(closed->name()).owner(), UserName("gone"));
}

TEST_F(C12, WithoutASuccessorTheHeadHasTheDealsAndWithoutOneTheDepartment) {
  MakePipeline();
  auto request = ToCreate(5000);
  request.mutable_deal()->set_owner(UserName("gone"));
  request.mutable_deal()->set_department(DepartmentName("offices"));
  auto name = Call<Deal>("CreateDeal", request)->name();
  identity::v1::UserEvent left;
  left.mutable_dismissed();
  people_.head = UserName("head");
  *left.mutable_user() = people_.User(UserName("gone"));
  ASSERT_TRUE(Consume(left, kMonday).ok());
  EXPECT_EQ(Get(name).owner(), UserName("head"));
  EXPECT_EQ(Get(name).department(), DepartmentName("sales")) << "goes with the owner";
  people_.left.insert(UserName("next"));
  *left.mutable_user() = people_.User(UserName("head"));
  left.mutable_dismissed()->set_successor(UserName("next"));
  ASSERT_TRUE(Consume(left, kMonday).ok());
  EXPECT_EQ(Get(name).owner(), "") << "whoever was to have it has left as well";
  EXPECT_EQ(Get(name).department(), DepartmentName("sales"));
}

TEST_F(C12, NeedsTheRightToHandOverEachOfTheDeals) {
  MakePipeline();
  auto request = ToCreate(5000);
  request.mutable_deal()->set_owner(UserName("agent"));
  request.mutable_deal()->set_department(DepartmentName("offices"));
  auto here = Call<Deal>("CreateDeal", request);
  request.mutable_deal()->set_department(DepartmentName("homes"));
  auto elsewhere = Call<Deal>("CreateDeal", request);
  v1::HandOverDealsRequest all;
  all.set_from(UserName("agent"));
  all.set_to(UserName("next"));
  Principal manager = service_.User("deal.hand_over", Scope::kDepartment);
  manager.departments = {DepartmentName("offices")};
  auto hand_over = [&] {
    return service_.Call<v1::HandOverDealsResponse>("HandOverDeals", all, manager);
  };
  EXPECT_EQ(hand_over().status().code(), Code::kPermissionDenied);
  EXPECT_EQ(Get(here->name()).owner(), UserName("agent"));
  ASSERT_TRUE(Lose(elsewhere->name(), "price").ok());
  auto moved = hand_over();
  ASSERT_TRUE(moved.ok()) << moved.status().ToString();
  EXPECT_EQ(moved->moved(), 1);
  EXPECT_EQ(Get(here->name()).owner(), UserName("next"));
}

TEST_F(D02, AreMadeOnceFromAConvertedLeadAndTakenBackWithIt) {
  MakePipeline();
  leads::v1::LeadEvent event;
  event.mutable_lead()->set_name("leads/" + NamedUuid("leads", "1").ToString());
  event.mutable_lead()->set_display_name("Dana");
  auto& converted = *event.mutable_converted();
  converted.set_create_deal(true);
  converted.set_deal("deals/" + NamedUuid("deals", "1").ToString());
  converted.set_contact("contacts/" + NamedUuid("contacts", "1").ToString());
  converted.set_deal_title("Windows for Dana");
  ASSERT_TRUE(Consume(event, kMonday).ok());
  ASSERT_TRUE(Consume(event, kMonday).ok());
  Deal deal = Get(converted.deal());
  EXPECT_EQ(deal.display_name(), "Windows for Dana");
  EXPECT_EQ(deal.lead(), event.lead().name());
  EXPECT_EQ(deal.etag(), "v1");
  EXPECT_TRUE(LastEvent().has_made_from_lead());

  event.mutable_old()->set_converted_deal(converted.deal());
  event.mutable_conversion_undone();
  ASSERT_TRUE(Consume(event, kMonday).ok());
  EXPECT_TRUE(Get(deal.name()).has_delete_time());
}

TEST_F(D02, ALeadWhoseDealCannotBeIsToldSo) {
  leads::v1::LeadEvent event;
  event.mutable_lead()->set_name("leads/" + NamedUuid("leads", "1").ToString());
  event.mutable_lead()->set_display_name("Dana");
  event.mutable_converted()->set_create_deal(true);
  event.mutable_converted()->set_deal("deals/" + NamedUuid("deals", "1").ToString());
  event.mutable_converted()->set_contact("contacts/" + NamedUuid("contacts", "1").ToString());
  ASSERT_TRUE(Consume(event, kMonday).ok());
  EXPECT_EQ(LastEvent().refused().reason(), "NO_DEFAULT_PIPELINE");
  EXPECT_EQ(LastEvent().refused().lead(), event.lead().name());
  EXPECT_TRUE(Get(event.converted().deal()).has_delete_time());
  v1::UndeleteDealRequest undelete;
  undelete.set_name(event.converted().deal());
  auto refused = service_.Call<Deal>("UndeleteDeal", undelete);
  EXPECT_EQ(refused.status().field_violations().at(0).field, "deal.pipeline");
}

class Conformance : public entity::ConformanceTest {};
TEST_P(Conformance, Holds) {
  Run();
}

entity::ConformanceService ServiceToTest() {
  entity::ConformanceService service;
  service.records = Records();
  service.methods = [](const RecordTypes& types) { return Over(types).methods; };
  service.migrations = "services/deals/migrations";
  auto fit_pipeline = [](entity::ConformanceHost&, google::protobuf::Message& example, int) {
    auto& pipeline = static_cast<Pipeline&>(example);
    *pipeline.mutable_stages() = WindowPipeline().stages();
    pipeline.clear_is_default();
  };
  auto fit_deal = [](entity::ConformanceHost& host, google::protobuf::Message& example, int salt) {
    auto& deal = static_cast<Deal&>(example);
    deal.set_pipeline(host.ReferenceTo("pipelines"));
    deal.set_contact("contacts/" + NamedUuid("contacts", std::to_string(salt)).ToString());
  };
  service.entities = {{.service = "crm.deals.v1.PipelineService",
                       .record = Pipeline::descriptor(),
                       .adjust = fit_pipeline,
                       .frozen = {"stages", "is_default"}},
                      {.service = "crm.deals.v1.DealService",
                       .record = Deal::descriptor(),
                       .adjust = fit_deal,
                       .frozen = {"pipeline", "contact"}}};
  return service;
}

INSTANTIATE_TEST_SUITE_P(Deals, Conformance,
                         ::testing::ValuesIn(entity::ConformanceCases(ServiceToTest())),
                         entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::deals
