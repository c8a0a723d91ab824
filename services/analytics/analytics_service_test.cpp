#include <gtest/gtest.h>

#include "crm/analytics/v1/analytics_service.pb.h"
#include "crm/deals/v1/deal_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "libs/events/event_service.h"
#include "libs/testing/call_harness.h"
#include "services/analytics/module.h"
#include "services/analytics/projection.h"
#include "services/analytics/rebuild.h"

namespace crm::analytics {
namespace {

using deals::v1::Deal;
using leads::v1::Lead;
using test::CallHarness;

// A service that owns records, with its log and EventService.
class Source {
 public:
  Source(std::string name, const google::protobuf::Descriptor* record)
      : harness_({record}),
        server_(std::move(name), harness_.types(), harness_.store(), harness_.clock()) {}

  CallHarness& harness() { return harness_; }

  // Stores it as the same tenant's; "created", "updated" or "deleted".
  template <class Record>
  void Store(const Uuid& tenant, const Record& record, const std::string& fact) {
    Principal principal = Principal::System(tenant, "test");
    Status stored = Internal("not run");
    InternalCall call{NamedUuid("call", std::to_string(++calls_)),
                      principal,
                      {"chain", "", "", ""},
                      "test",
                      [&](Call& now) -> Status {
                        auto known = now.Find<Record>(record.name());
                        return known.ok() ? now.StoreWithFact(record, fact) : known.status();
                      }};
    ASSERT_TRUE(
        harness_.pipeline().Run(std::move(call), [&](Status status) { stored = status; }).ok());
    harness_.Drain();
    ASSERT_TRUE(stored.ok()) << stored.ToString();
  }

  Status Search(const Principal& principal, const google::protobuf::Message& request,
                google::protobuf::Message& response) {
    for (const auto& method : server_.Methods()) {
      if (method.method->name() != "SearchEvents") continue;
      return harness_.pipeline().ReadDirectly(method, principal, request, response, {});
    }
    return Internal("no SearchEvents");
  }

 private:
  CallHarness harness_;
  events::EventServer server_;
  int calls_ = 0;
};

class Sources final : public RemoteReader {
 public:
  Status Read(const Principal& principal, const std::string&,
              const google::protobuf::Message& request, google::protobuf::Message& response,
              std::stop_token) override {
    if (stopped) return Unavailable("STOPPED", "The source is stopped.");
    const auto& search = dynamic_cast<const events::v1::SearchEventsRequest&>(request);
    return (search.source() == "deals" ? deals : leads).Search(principal, request, response);
  }

  Source deals{"deals", Deal::descriptor()};
  Source leads{"leads", Lead::descriptor()};
  bool stopped = false;
};

// Analytics with what feeds it.
class Company {
 public:
  explicit Company(std::unique_ptr<crm::Store> store = nullptr)
      : consumers_(Consumers()),
        service(Records(), {.store = std::move(store), .remote = &sources}),
        timers_({RebuildStep()}, "analytics", service.types(), service.store(), service.pipeline(),
                service.clock(), log_, metrics_) {
    service.Bind(Methods());
    for (const auto& consumer : consumers_) {
      appliers_.push_back(std::make_unique<events::EventApplier>(
          consumer, "analytics", service.types(), service.pipeline(), log_, metrics_));
    }
  }

  // Brings one event to its consumer.
  void Bring(const kernel::v1::LogRow& row) {
    auto applied = events::Applied::kAgain;
    appliers_[row.subject().starts_with("deals/") ? 0 : 1]->Apply(
        row, 1, [&](events::Applied how) { applied = how; });
    service.Drain();
    ASSERT_EQ(applied, events::Applied::kDone);
  }
  void BringAll() {
    for (auto* source : {&sources.deals, &sources.leads}) {
      for (const auto& row : source->harness().Log()) Bring(row);
    }
  }

  void Record(const Deal& deal, const std::string& fact = "created") {
    sources.deals.Store(service.tenant(), deal, fact);
  }
  void Record(const Lead& lead, const std::string& fact = "created") {
    sources.leads.Store(service.tenant(), lead, fact);
  }

  // "stage,state|count|sum" lines of the report.
  std::vector<std::string> Pipeline(std::vector<std::string> group_by,
                                    const std::string& filter = "") {
    v1::ReportPipelineRequest request;
    for (const auto& field : group_by) request.add_group_by(field);
    request.set_filter(filter);
    return Lines(service.Call<v1::ReportResponse>("ReportPipeline", request));
  }
  static std::vector<std::string> Lines(const Result<v1::ReportResponse>& report) {
    if (!report.ok()) return {report.status().ToString()};
    std::vector<std::string> lines;
    for (const auto& row : report->rows()) {
      std::string line;
      for (const auto& value : row.values()) line += (line.empty() ? "" : ",") + value;
      lines.push_back(line + "|" + std::to_string(row.count()) + "|" +
                      std::to_string(row.sum_minor()));
    }
    return lines;
  }

  // Lets the chain of timers run to its end, at most `steps` of them.
  v1::Rebuild Step(const std::string& name, int steps = 50) {
    v1::GetRebuildRequest request;
    request.set_name(name);
    for (int i = 0; i < steps; ++i) {
      service.clock().Advance(std::chrono::hours(1));
      EXPECT_TRUE(timers_.Fire({}).ok());
      service.Drain();
    }
    return *service.Call<v1::Rebuild>("GetRebuild", request);
  }

 private:
  const std::vector<events::EventConsumer> consumers_;
  log::Logger log_ = log::Logger::Silent();
  metrics::Registry metrics_;

 public:
  Sources sources;
  CallHarness service;

 private:
  TimerPump timers_;
  std::vector<std::unique_ptr<events::EventApplier>> appliers_;
};

Deal ADeal(int number, const std::string& stage, int64_t amount,
           const std::string& owner = "users/a") {
  Deal deal;
  deal.set_name("deals/" + NamedUuid("deal", std::to_string(number)).ToString());
  deal.set_display_name("Windows");
  deal.set_pipeline("pipelines/one");
  deal.set_stage(stage);
  deal.set_state(Deal::OPEN);
  deal.set_owner(owner);
  deal.mutable_amount()->set_amount_minor(amount);
  deal.mutable_amount()->set_currency_code("ILS");
  auto* visit = deal.add_stage_history();
  visit->set_stage("contacted");
  visit->mutable_enter_time()->set_seconds(1491004800);  // 2017-04-01
  if (stage != "contacted") deal.add_stage_history()->set_stage(stage);
  return deal;
}

Lead ALead(int number, const std::string& source) {
  Lead lead;
  lead.set_name("leads/" + NamedUuid("lead", std::to_string(number)).ToString());
  lead.set_display_name("Dana");
  lead.set_source(source);
  lead.set_state(Lead::NEW);
  return lead;
}

Deal Won(Deal deal) {
  deal.set_state(Deal::WON);
  deal.mutable_close_time()->set_seconds(1498780800);  // 2017-06-30
  return deal;
}

void ReportsWhatHappened(Company& company) {
  company.Record(ADeal(1, "contacted", 1000));
  company.Record(ADeal(2, "offer", 2000, "users/b"));
  company.Record(ADeal(3, "offer", 4000));
  company.Record(Won(ADeal(3, "offer", 4000)), "updated");
  company.Record(ADeal(4, "offer", 8000));
  company.Record(ALead(1, "sources/web"));
  company.Record(ALead(2, "sources/web"));
  company.BringAll();
  using Lines = std::vector<std::string>;
  EXPECT_EQ(company.Pipeline({"stage"}), (Lines{"contacted|1|1000", "offer|3|14000"}));
  EXPECT_EQ(company.Pipeline({"state", "owner"}),
            (Lines{"OPEN,users/a|2|9000", "OPEN,users/b|1|2000", "WON,users/a|1|4000"}));
  EXPECT_EQ(company.Pipeline({"close_quarter"}, "state = WON"), (Lines{"2017-Q2|1|4000"}));

  Deal deleted = ADeal(4, "offer", 8000);
  deleted.mutable_delete_time()->set_seconds(1);
  company.Record(deleted, "deleted");
  // At least once: all of it comes again.
  company.BringAll();
  EXPECT_EQ(company.Pipeline({}), (Lines{"|3|7000"}));

  v1::ReportFunnelRequest funnel;
  funnel.set_pipeline("pipelines/one");
  EXPECT_EQ(Company::Lines(company.service.Call<v1::ReportResponse>("ReportFunnel", funnel)),
            (Lines{"contacted|3|7000", "offer|2|6000"}));
  funnel.mutable_end_time()->set_seconds(1491004800);
  EXPECT_EQ(Company::Lines(company.service.Call<v1::ReportResponse>("ReportFunnel", funnel)),
            Lines{});

  v1::ReportLeadsRequest leads;
  leads.add_group_by("source");
  leads.add_group_by("day");
  EXPECT_EQ(
      Company::Lines(company.service.Call<v1::ReportResponse>("ReportLeads", leads)),
      (Lines{"sources/web," + DayOf(company.sources.leads.harness().clock().Now()) + "|2|0"}));
}

TEST(A01, ReportsWhatHappenedInMemory) {
  Company company;
  ReportsWhatHappened(company);
}

TEST(A01, ReportsWhatHappenedInPostgreSql) {
  test::PgSchema schema(test::KernelAnd("services/analytics/migrations"));
  Company company(test::StoreIn(schema));
  ReportsWhatHappened(company);
}

TEST(Report, CountsOnlyWhatTheCallersScopeCovers) {
  Company company;
  Principal user = company.service.User("report.view", Scope::kOwn);
  company.Record(ADeal(1, "offer", 1000, user.name));
  company.Record(ADeal(2, "offer", 2000));
  company.BringAll();
  auto report =
      company.service.Call<v1::ReportResponse>("ReportPipeline", v1::ReportPipelineRequest(), user);
  EXPECT_EQ(Company::Lines(report), std::vector<std::string>{"|1|1000"});
}

TEST(Report, KeepsCurrenciesApart) {
  Company company;
  company.Record(ADeal(1, "offer", 1000));
  Deal dollars = ADeal(2, "offer", 50);
  dollars.mutable_amount()->set_currency_code("USD");
  company.Record(dollars);
  Deal unknown = ADeal(3, "offer", 0);
  unknown.clear_amount();
  company.Record(unknown);
  company.BringAll();
  auto report =
      company.service.Call<v1::ReportResponse>("ReportPipeline", v1::ReportPipelineRequest());
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  ASSERT_EQ(report->rows_size(), 1);
  EXPECT_EQ(report->rows(0).count(), 3);
  EXPECT_EQ(report->rows(0).sum_minor(), 0);
  ASSERT_EQ(report->rows(0).sums_size(), 2);
  EXPECT_EQ(report->rows(0).sums(1).currency_code(), "USD");
  EXPECT_EQ(report->rows(0).sums(1).amount_minor(), 50);
}

TEST(Report, RefusesToGroupByWhatItDoesNotKnow) {
  Company company;
  v1::ReportPipelineRequest request;
  request.add_group_by("stage");
  request.add_group_by("generation");
  auto report = company.service.Call<v1::ReportResponse>("ReportPipeline", request);
  ASSERT_FALSE(report.ok());
  ASSERT_EQ(report.status().field_violations().size(), 1u);
  EXPECT_EQ(report.status().field_violations()[0].field, "group_by[1]");
}

void Rebuilds(Company& company) {
  company.Record(ADeal(1, "contacted", 1000));
  company.Record(ADeal(2, "offer", 2000));
  company.Record(ALead(1, "sources/web"));
  company.BringAll();
  // One event is lost on its way, and one row is spoilt.
  company.Record(Won(ADeal(2, "offer", 2000)), "updated");
  auto spoil = company.service.Run([&](Call& call) -> Status {
    auto name = DealFactName(call.types(), 1, ADeal(1, "contacted", 0).name());
    auto fact = call.Load<v1::DealFact>(name);
    if (!fact.ok()) return fact.status();
    fact->set_amount_minor(1);
    return call.Project(*fact);
  });
  ASSERT_TRUE(spoil.ok()) << spoil.ToString();
  EXPECT_EQ(company.Pipeline({"state"}), (std::vector<std::string>{"OPEN|2|2001"}));

  auto started =
      company.service.Call<v1::Rebuild>("RebuildAnalytics", v1::RebuildAnalyticsRequest());
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  auto twice = company.service.Call<v1::Rebuild>("RebuildAnalytics", v1::RebuildAnalyticsRequest());
  EXPECT_EQ(twice.status().reason(), "REBUILD_RUNNING");
  // While the sources are stopped it waits, and reports go on.
  company.sources.stopped = true;
  EXPECT_EQ(company.Step(started->name(), 3).state(), v1::Rebuild::READING);
  EXPECT_EQ(company.Pipeline({"state"}), (std::vector<std::string>{"OPEN|2|2001"}));
  company.sources.stopped = false;

  auto done = company.Step(started->name());
  EXPECT_EQ(done.state(), v1::Rebuild::DONE);
  EXPECT_EQ(done.different_count(), 1);
  EXPECT_EQ(done.behind_count(), 1);
  EXPECT_EQ(done.sources(0).events_read(), 3);
  EXPECT_EQ(company.Pipeline({"state"}), (std::vector<std::string>{"OPEN|1|1000", "WON|1|2000"}));
  // Live events find the new generation; the old one is gone.
  company.Record(ADeal(3, "offer", 3000));
  company.BringAll();
  EXPECT_EQ(company.Pipeline({"state"}), (std::vector<std::string>{"OPEN|2|4000", "WON|1|2000"}));
  auto again = company.service.Call<v1::Rebuild>("RebuildAnalytics", v1::RebuildAnalyticsRequest());
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  done = company.Step(again->name());
  EXPECT_EQ(done.state(), v1::Rebuild::DONE);
  EXPECT_EQ(done.different_count() + done.behind_count(), 0);
  AggregateQuery all;
  all.type = &company.service.type(v1::StageEntryFact::descriptor());
  all.tenant = company.service.tenant();
  all.group_by = {"generation"};
  auto rows = company.service.store().Aggregate(all, {});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(std::get<int64_t>(rows->front().group.front()), 3);
  EXPECT_EQ(rows->front().count, 5);
}

TEST(Rebuild, MakesFactsAnewAndSaysWhatWasWrongInMemory) {
  Company company;
  Rebuilds(company);
}

TEST(Rebuild, MakesFactsAnewAndSaysWhatWasWrongInPostgreSql) {
  test::PgSchema schema(test::KernelAnd("services/analytics/migrations"));
  Company company(test::StoreIn(schema));
  Rebuilds(company);
}

TEST(Facts, KnowQuartersInUtc) {
  EXPECT_EQ(QuarterOf(*ParseTime("2017-03-31T23:59:59Z")), "2017-Q1");
  EXPECT_EQ(QuarterOf(*ParseTime("2017-04-01T00:00:00Z")), "2017-Q2");
  EXPECT_EQ(QuarterOf(*ParseTime("2017-12-31T12:00:00Z")), "2017-Q4");
}

TEST(Facts, CountAStageOnceHoweverOftenTheDealCameBack) {
  Deal deal = ADeal(1, "offer", 1);
  deal.add_stage_history()->set_stage("contacted");
  auto entries = StageEntries(deal, 1);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].enter_quarter(), "2017-Q2");
}

}  // namespace
}  // namespace crm::analytics
