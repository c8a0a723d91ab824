// The real sales book through crmctl into the services: what it must come to is known.
#include <gmock/gmock.h>

#include <unistd.h>

#include <fstream>
#include <regex>

#include "crm/contacts/v1/contact_service.pb.h"
#include "libs/base/clock.h"
#include "libs/command/timestamps.h"
#include "tests/scenario/services_rig.h"

namespace crm::test {
namespace {

using deals::v1::Deal;
using ::testing::HasSubstr;

constexpr char kPlan[] = "tools/crmctl/mappings/book/book.yaml";

// Number and sum of the deals in a state and stage.
struct Total {
  int64_t count = 0;
  int64_t amount_minor = 0;
  bool operator==(const Total&) const = default;
};

class Book : public ::testing::Test {
 protected:
  void SetUp() override {
    if (BookFolder().empty()) {
      GTEST_SKIP() << "../shared/data/crm-sales-opportunities is not here, so the book is not read";
    }
  }

  // A book of its first opportunities, which goes away with the test.
  std::string FirstRows(int rows) {
    namespace fs = std::filesystem;
    folder_ = fs::temp_directory_path() / ("crm-book-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    for (const char* file : {"accounts.csv", "products.csv", "sales_teams.csv"}) {
      std::ofstream(folder_ / file, std::ios::binary)
          << std::ifstream(fs::path(BookFolder()) / file, std::ios::binary).rdbuf();
    }
    std::ifstream in(fs::path(BookFolder()) / "sales_pipeline.csv", std::ios::binary);
    std::ofstream out(folder_ / "sales_pipeline.csv", std::ios::binary);
    std::string line;
    for (int i = 0; i <= rows && std::getline(in, line); ++i) out << line << "\n";
    return folder_.string();
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  Deal DealOf(const std::string& external_id) {
    deals::v1::ListDealsRequest list;
    list.set_filter("external_id = \"" + external_id + "\"");
    auto found = rig_.deals().Call<deals::v1::ListDealsResponse>("ListDeals", list);
    EXPECT_TRUE(found.ok() && found->deals_size() == 1) << external_id;
    return found.ok() && found->deals_size() == 1 ? found->deals(0) : Deal();
  }

  // The counts of all files, without how fast they were.
  static std::string WithoutRates(const std::string& out) {
    return std::regex_replace(out, std::regex("; [0-9]+ rows per second"), "");
  }

  ServicesRig::Outcome Import(const std::string& folder, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"import", "--mapping", kPlan, folder, "--in-flight", "8"};
    words.insert(words.end(), more.begin(), more.end());
    auto outcome = rig_.Run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome;
  }

  std::map<std::pair<Deal::State, std::string>, Total> Report(const char* effective = nullptr) {
    deals::v1::ReportPipelineRequest request;
    request.add_group_by(deals::v1::ReportPipelineRequest::STAGE);
    if (effective != nullptr) {
      *request.mutable_effective_as_of() = ToTimestamp(*ParseTime(effective));
    }
    auto report = rig_.deals().Call<deals::v1::ReportPipelineResponse>("ReportPipeline", request);
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

  size_t LogRows() { return rig_.deals().Log().size() + rig_.contacts().Log().size(); }

  ServicesRig rig_;
  std::filesystem::path folder_;
};

TEST_F(Book, ComesToItsKnownTotalsNowAndAsOfAnyMomentAndIsUnchangedTheSecondTime) {
  auto imported = Import(BookFolder(), {"--run", "book-1"});
  EXPECT_THAT(imported.out, HasSubstr("sales_pipeline: 8800 rows = 8800 created + 0 updated + 0 "
                                      "unchanged + 0 rejected"));
  EXPECT_THAT(imported.out, HasSubstr("accounts: 85 rows = 85 created"));
  EXPECT_THAT(imported.out, HasSubstr("agents: 35 rows = 35 created"));
  EXPECT_THAT(imported.out, HasSubstr("managers: 35 rows = 6 created + 0 updated + 29 unchanged"));
  EXPECT_THAT(imported.out, HasSubstr("offices: 35 rows = 3 created + 0 updated + 32 unchanged"));
  EXPECT_THAT(imported.out, HasSubstr("products: 7 rows = 7 created"));

  auto now = Report();
  EXPECT_EQ((now[{Deal::WON, "engaging"}]), (Total{4238, 1000553400}));
  EXPECT_EQ((now[{Deal::LOST, "engaging"}].count), 2473);
  EXPECT_EQ((now[{Deal::OPEN, "engaging"}].count), 1589);
  EXPECT_EQ((now[{Deal::OPEN, "prospecting"}].count), 500);

  auto summer = Report("2017-06-30T23:59:59Z");
  EXPECT_EQ((summer[{Deal::WON, "engaging"}]), (Total{1785, 422078300}));
  EXPECT_EQ((summer[{Deal::LOST, "engaging"}].count), 894);
  EXPECT_EQ((summer[{Deal::OPEN, "engaging"}].count), 1686);

  std::map<std::string, int64_t> events;
  for (const auto& row : rig_.deals().Log()) {
    ++events[row.type()];
    EXPECT_EQ(row.run(), "book-1");
  }
  EXPECT_EQ(events["crm.deals.v1.DealCreated"], 8800);
  EXPECT_EQ(events["crm.deals.v1.DealMoved"] + events["crm.deals.v1.DealWon"] +
                events["crm.deals.v1.DealLost"],
            15011);

  size_t rows = LogRows();
  auto second = Import(BookFolder());
  EXPECT_THAT(second.out, HasSubstr("sales_pipeline: 8800 rows = 0 created + 0 updated + 8800 "
                                    "unchanged + 0 rejected"));
  EXPECT_THAT(second.out, HasSubstr("accounts: 85 rows = 0 created + 0 updated + 85 unchanged"));
  EXPECT_EQ(LogRows(), rows);
}

TEST_F(Book, HasTheParentsOfItsCompanies) {
  Import(FirstRows(1));
  contacts::v1::ListCompaniesRequest request;
  request.set_page_size(200);
  auto list = rig_.contacts().Call<contacts::v1::ListCompaniesResponse>("ListCompanies", request);
  ASSERT_TRUE(list.ok());
  std::map<std::string, std::string> names;
  for (const auto& company : list->companies()) names[company.name()] = company.display_name();
  std::map<std::string, std::string> parents;
  for (const auto& company : list->companies()) {
    if (!company.parent().empty()) parents[company.display_name()] = names[company.parent()];
    if (company.display_name() == "Acme Corporation") {
      EXPECT_EQ(company.industry(), "technology");
      EXPECT_EQ(company.annual_revenue().amount_minor(), 110004000000);
    }
  }
  EXPECT_EQ(list->companies_size(), 86);
  EXPECT_EQ(parents.size(), 15u);
  EXPECT_EQ(parents["Cheers"], "Massive Dynamic");  // names a later row
  EXPECT_EQ(parents["Bluth Company"], "Acme Corporation");
}

TEST_F(Book, CountsTheSameInADryRunThatWritesNothing) {
  std::string folder = FirstRows(600);
  auto dry = Import(folder, {"--dry-run"});
  EXPECT_EQ(LogRows(), 0u);
  auto real = Import(folder);
  EXPECT_EQ(WithoutRates(dry.out), WithoutRates(real.out));
}

TEST_F(Book, IsTakenBackButForWhatWasChangedSinceAndCreatedAgain) {
  std::string folder = FirstRows(300);
  Import(folder, {"--run", "book-1"});
  Deal deal = DealOf("book/1C1I7A6R");
  deals::v1::UpdateDealRequest change;
  change.mutable_deal()->set_name(deal.name());
  change.mutable_deal()->set_display_name("Ours now");
  change.mutable_update_mask()->add_paths("display_name");
  ASSERT_TRUE(rig_.deals().Call<Deal>("UpdateDeal", change).ok());

  auto undone = rig_.Run({"undo", "--run", "book-1"});
  EXPECT_EQ(undone.code, 0) << undone.err;
  EXPECT_THAT(undone.out, HasSubstr("conflict  " + deal.name() + "  changed since: display_name"));
  auto verified = rig_.Run({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.out;

  auto again = Import(folder);
  EXPECT_THAT(again.out, HasSubstr("sales_pipeline: 300 rows = 299 created + "));
  EXPECT_THAT(again.out, HasSubstr("products: 7 rows = 7 created"));
}

TEST_F(Book, TellsTheHistoryOfADeal) {
  Import(FirstRows(10));
  auto history = rig_.Run({"history", DealOf("book/Z063OYW0").name()});
  EXPECT_EQ(history.code, 0) << history.err;
  EXPECT_THAT(history.out, HasSubstr("stage: prospecting -> engaging"));
  EXPECT_THAT(history.out, HasSubstr("state: OPEN -> WON"));
  EXPECT_THAT(history.out, HasSubstr("happened at 2017-03-11T00:00:00Z"));
  EXPECT_THAT(history.out, HasSubstr("amount: 4514.00 USD"));
}

}  // namespace
}  // namespace crm::test
