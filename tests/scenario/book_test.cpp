// The real sales book through crmctl into the services: what it must come to is known.
#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "crm/contacts/v1/contact_service.pb.h"
#include "crm/deals/v1/deal_events.pb.h"
#include "libs/base/clock.h"
#include "libs/command/timestamps.h"
#include "tests/scenario/book.h"

namespace crm::test {
namespace {

using deals::v1::Deal;
using ::testing::HasSubstr;

// Of all deals, or of those that `filter` names.
std::map<std::pair<Deal::State, std::string>, Total> Report(ServicesRig& rig,
                                                            const std::string& filter = "",
                                                            const char* effective = nullptr) {
  deals::v1::ReportPipelineRequest request;
  request.add_group_by(deals::v1::ReportPipelineRequest::STAGE);
  request.set_filter(filter);
  if (effective != nullptr) {
    *request.mutable_effective_as_of() = ToTimestamp(*ParseTime(effective));
  }
  auto report = rig.deals().Call<deals::v1::ReportPipelineResponse>("ReportPipeline", request);
  EXPECT_TRUE(report.ok()) << report.status().ToString();
  std::map<std::pair<Deal::State, std::string>, Total> totals;
  if (!report) return totals;
  for (const auto& group : report->groups()) {
    auto& total = totals[{group.state(), group.values(0)}];
    total.count += group.deal_count();
    total.amount_minor += group.amount_minor();
  }
  return totals;
}

size_t LogRows(ServicesRig& rig) {
  return rig.deals().Log().size() + rig.contacts().Log().size();
}

// The counts of all files, without how fast they were.
std::string WithoutRates(const std::string& out) {
  return std::regex_replace(out, std::regex("; [0-9]+ rows per second"), "");
}

std::string Content(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::map<std::string, contacts::v1::Company> Companies(ServicesRig& rig) {
  contacts::v1::ListCompaniesRequest request;
  request.set_page_size(200);
  auto list = rig.contacts().Call<contacts::v1::ListCompaniesResponse>("ListCompanies", request);
  EXPECT_TRUE(list.ok()) << list.status().ToString();
  std::map<std::string, contacts::v1::Company> companies;
  if (!list) return companies;
  for (const auto& company : list->companies()) companies[company.display_name()] = company;
  return companies;
}

TEST_F(WholeBook, CountsEveryRowOfEveryFileOnce) {
  EXPECT_EQ(imported().code, 0) << imported().err;
  EXPECT_EQ(WithoutRates(imported().out),
            "before: 2 rows = 2 created + 0 updated + 0 unchanged + 0 rejected\n"
            "products: 7 rows = 7 created + 0 updated + 0 unchanged + 0 rejected\n"
            "offices: 35 rows = 3 created + 0 updated + 32 unchanged + 0 rejected\n"
            "managers: 35 rows = 6 created + 0 updated + 29 unchanged + 0 rejected\n"
            "agents: 35 rows = 35 created + 0 updated + 0 unchanged + 0 rejected\n"
            "accounts: 85 rows = 85 created + 0 updated + 0 unchanged + 0 rejected\n"
            "sales_pipeline: 8800 rows = 8800 created + 0 updated + 0 unchanged + 0 rejected\n");
}

TEST_F(WholeBook, ComesToItsKnownTotals) {
  auto now = Report(rig());
  EXPECT_EQ((now[{Deal::WON, "engaging"}]), (Total{4238, 1000553400}));
  EXPECT_EQ((now[{Deal::LOST, "engaging"}].count), 2473);
  EXPECT_EQ((now[{Deal::OPEN, "engaging"}].count), 1589);
  EXPECT_EQ((now[{Deal::OPEN, "prospecting"}].count), 500);

  auto summer = Report(rig(), "", "2017-06-30T23:59:59Z");
  EXPECT_EQ((summer[{Deal::WON, "engaging"}]), (Total{1785, 422078300}));
  EXPECT_EQ((summer[{Deal::LOST, "engaging"}].count), 894);
  EXPECT_EQ((summer[{Deal::OPEN, "engaging"}].count), 1686);

  const std::string bounds[] = {"2017-01-01", "2017-04-01", "2017-07-01", "2017-10-01",
                                "2018-01-01"};
  std::vector<int64_t> quarters;
  for (size_t i = 0; i + 1 < std::size(bounds); ++i) {
    auto of_quarter =
        Report(rig(), "state = WON AND close_time >= " + bounds[i] +
                          "T00:00:00Z AND close_time < " + bounds[i + 1] + "T00:00:00Z");
    quarters.push_back(of_quarter[{Deal::WON, "engaging"}].amount_minor);
  }
  EXPECT_EQ(quarters, (std::vector<int64_t>{113467200, 308611100, 298225500, 280249600}));
}

TEST_F(WholeBook, SaysWhatTheSourceDoesNot) {
  int64_t not_recorded = 0, not_in_source = 0;
  const std::string nobody = Companies(rig())["Not recorded"].name();
  for (const auto& deal : AllDeals(rig())) {
    if (deal.company() == nobody) {
      ++not_recorded;
      EXPECT_EQ(deal.state(), Deal::OPEN);
    }
    bool other = deal.lost_reason() == "other" && deal.lost_reason_text() == "not in source";
    EXPECT_EQ(other, deal.state() == Deal::LOST);
    not_in_source += other;
    // No date is invented where the source has none.
    bool dated = deal.stage_history(0).has_enter_time();
    EXPECT_EQ(dated, deal.stage() != "prospecting");
  }
  EXPECT_EQ(not_recorded, 1425);
  EXPECT_EQ(not_in_source, 2473);
}

TEST_F(WholeBook, WalkedEveryDealThroughItsStagesByTheVerbs) {
  std::map<std::string, int64_t> events;
  for (const auto& row : rig().deals().Log()) {
    ++events[row.type().substr(row.type().rfind('.') + 1)];
    EXPECT_EQ(row.run(), kBookRun);
  }
  EXPECT_EQ(events,
            (std::map<std::string, int64_t>{{"PipelineCreated", 1},
                                            {"DealCreated", 8800},
                                            {"DealMoved", 8300},
                                            {"DealWon", 4238},
                                            {"DealLost", 2473}}));  // 15,011 moves of all kinds
}

TEST_F(WholeBook, HasTheParentsOfItsCompaniesAlsoWhereTheyAreFurtherDown) {
  auto companies = Companies(rig());
  EXPECT_EQ(companies.size(), 86u);
  EXPECT_EQ(companies["Acme Corporation"].industry(), "technology");
  EXPECT_EQ(companies["Acme Corporation"].annual_revenue().amount_minor(), 110004000000);
  std::map<std::string, std::string> names;
  for (const auto& [name, company] : companies) names[company.name()] = name;

  std::ifstream in(std::filesystem::path(BookFolder()) / "accounts.csv", std::ios::binary);
  std::map<std::string, int> row_of;
  std::map<std::string, std::string> wanted, actual;
  std::string line;
  std::getline(in, line);
  for (int row = 1; std::getline(in, line); ++row) {
    std::string account = line.substr(0, line.find(','));
    std::string parent = line.substr(line.rfind(',') + 1);
    parent = parent.substr(0, parent.find_first_of("\r"));
    row_of[account] = row;
    if (!parent.empty()) wanted[account] = parent;
  }
  for (const auto& [name, company] : companies) {
    if (!company.parent().empty()) actual[name] = names[company.parent()];
  }
  EXPECT_EQ(actual, wanted);
  EXPECT_EQ(actual.size(), 15u);
  EXPECT_EQ(std::ranges::count_if(
                wanted, [&](const auto& pair) { return row_of[pair.second] > row_of[pair.first]; }),
            6);
}

TEST_F(WholeBook, IsUnchangedTheSecondTime) {
  size_t rows = LogRows(rig());
  auto second = ImportBook(rig(), BookFolder());
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(WithoutRates(second.out),
            "before: 2 rows = 0 created + 0 updated + 2 unchanged + 0 rejected\n"
            "products: 7 rows = 0 created + 0 updated + 7 unchanged + 0 rejected\n"
            "offices: 35 rows = 0 created + 0 updated + 35 unchanged + 0 rejected\n"
            "managers: 35 rows = 0 created + 0 updated + 35 unchanged + 0 rejected\n"
            "agents: 35 rows = 0 created + 0 updated + 35 unchanged + 0 rejected\n"
            "accounts: 85 rows = 0 created + 0 updated + 85 unchanged + 0 rejected\n"
            "sales_pipeline: 8800 rows = 0 created + 0 updated + 8800 unchanged + 0 rejected\n");
  EXPECT_EQ(LogRows(rig()), rows);
}

TEST_F(WholeBook, TellsTheHistoryOfADeal) {
  auto history = rig().Run({"history", DealOf(rig(), "book/Z063OYW0").name()});
  EXPECT_EQ(history.code, 0) << history.err;
  EXPECT_THAT(history.out, HasSubstr("stage: prospecting -> engaging"));
  EXPECT_THAT(history.out, HasSubstr("state: OPEN -> WON"));
  EXPECT_THAT(history.out, HasSubstr("happened at 2017-03-11T00:00:00Z"));
  EXPECT_THAT(history.out, HasSubstr("amount: 4514.00 USD"));
}

TEST_F(BookTest, CountsAndRefusesTheSameInADryRunThatWritesNothing) {
  ServicesRig rig;
  PartOfBook book(400);
  book.Add("BAD00001,Nobody,GTX Pro,Cancity,Won,2016-10-20,2017-03-01,1054");
  book.Add("BAD00002,Moses Frase,GTX Amateur,Cancity,Won,2016-10-20,2017-03-01,1054");
  book.Add("BAD00003,Moses Frase,GTX Pro,Cancity,Won,2016-10-20,,1054");
  book.Add("BAD00004,Moses Frase,GTX Pro,Cancity,Won,2016-10-20,2017-03-01,12.345");
  book.Add("BAD00005,Moses Frase,GTX Pro,Cancity,Won,2016-20-10,2017-03-01,12");
  book.Add("BAD00006,Moses Frase,GTX Pro,Cancity,Won");
  auto dry = ImportBook(rig, book.folder(), {"--dry-run", "--errors", book.file("dry").string()});
  EXPECT_EQ(dry.code, 6);
  EXPECT_EQ(LogRows(rig), 0u);
  auto real = ImportBook(rig, book.folder(), {"--errors", book.file("real").string()});
  EXPECT_EQ(real.code, 6);
  EXPECT_EQ(WithoutRates(dry.out), WithoutRates(real.out));
  EXPECT_THAT(real.out, HasSubstr("sales_pipeline: 406 rows = 400 created + 0 updated + 0 "
                                  "unchanged + 6 rejected"));

  std::string errors = Content(book.file("real"));
  EXPECT_EQ(errors, Content(book.file("dry")));
  EXPECT_EQ(std::ranges::count(errors, '\n'), 1 + 6);
  EXPECT_THAT(errors, HasSubstr(",401,402,owner,LOOKUP_FAILED,"));
  EXPECT_THAT(errors, HasSubstr(",402,403,product,LOOKUP_FAILED,"));
  EXPECT_THAT(errors, HasSubstr(",403,404,occurred_time,CELL_EMPTY,"));
  EXPECT_THAT(errors, HasSubstr(",404,405,amount,MONEY_MALFORMED,"));
  EXPECT_THAT(errors, HasSubstr(",405,406,occurred_time,DATE_MALFORMED,"));
  EXPECT_THAT(errors, HasSubstr(",406,407,,CELL_COUNT,"));
}

TEST_F(BookTest, IsTakenBackButForWhatWasChangedSinceAndCreatedAgain) {
  ServicesRig rig;
  PartOfBook book(1000);
  ASSERT_EQ(ImportBook(rig, book.folder(), {"--run", "taken-back"}).code, 0);
  Deal deal = DealOf(rig, "book/1C1I7A6R");
  deals::v1::UpdateDealRequest change;
  change.mutable_deal()->set_name(deal.name());
  change.mutable_deal()->set_display_name("Ours now");
  change.mutable_update_mask()->add_paths("display_name");
  ASSERT_TRUE(rig.deals().Call<Deal>("UpdateDeal", change).ok());

  auto undone = rig.Run({"undo", "--run", "taken-back"});
  EXPECT_EQ(undone.code, 0) << undone.err;
  EXPECT_THAT(undone.out, HasSubstr("conflict  " + deal.name() + "  changed since: display_name"));
  EXPECT_THAT(undone.out, HasSubstr("deals: 1000 deleted, 0 undeleted, 0 restored, 0 unchanged, "
                                    "1 conflicts"));  // 999 deals and their pipeline
  EXPECT_THAT(undone.out, HasSubstr("contacts: 86 deleted, 0 undeleted"));
  EXPECT_THAT(undone.out, HasSubstr("inventory: 7 deleted, 0 undeleted"));
  EXPECT_THAT(undone.out, HasSubstr("identity: 44 deleted, 0 undeleted"));
  auto left = AllDeals(rig);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left.front().display_name(), "Ours now");
  EXPECT_TRUE(Companies(rig).empty());
  auto verified = rig.Run({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.out;

  auto again = ImportBook(rig, book.folder());
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("sales_pipeline: 1000 rows = 999 created + 1 updated + 0 "
                                   "unchanged + 0 rejected"));
  EXPECT_THAT(again.out, HasSubstr("accounts: 85 rows = 85 created"));
  EXPECT_THAT(again.out, HasSubstr("agents: 35 rows = 35 created"));
  EXPECT_THAT(again.out, HasSubstr("products: 7 rows = 7 created"));
}

}  // namespace
}  // namespace crm::test
