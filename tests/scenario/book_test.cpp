// The real sales book through crmctl into the services: what it must come to is known.
#include <gmock/gmock.h>

#include <chrono>

#include "libs/base/clock.h"
#include "libs/command/timestamps.h"
#include "tests/scenario/book_rig.h"

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

  BookRig::Outcome Import(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"import",     "--mapping",   kPlan,
                                      BookFolder(), "--in-flight", "8"};
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

  BookRig rig_;
};

TEST_F(Book, ComesToItsKnownTotalsNowAndAsOfAnyMoment) {
  auto imported = Import();
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
  for (const auto& row : rig_.deals().Log()) ++events[row.type()];
  EXPECT_EQ(events["crm.deals.v1.DealCreated"], 8800);
  EXPECT_EQ(events["crm.deals.v1.DealMoved"] + events["crm.deals.v1.DealWon"] +
                events["crm.deals.v1.DealLost"],
            15011);
}

TEST_F(Book, FindsAllUnchangedTheSecondTimeAndCountsTheSameInADryRun) {
  auto dry = Import({"--dry-run", "-o", "jsonl"});
  EXPECT_EQ(LogRows(), 0u);
  EXPECT_THAT(dry.out, HasSubstr("\"created\":8800"));
  EXPECT_THAT(dry.out, HasSubstr("\"name\":\"accounts\""));

  auto first = Import({"--run", "book-1"});
  size_t rows = LogRows();
  auto second = Import();
  EXPECT_THAT(second.out, HasSubstr("sales_pipeline: 8800 rows = 0 created + 0 updated + 8800 "
                                    "unchanged + 0 rejected"));
  EXPECT_THAT(second.out, HasSubstr("accounts: 85 rows = 0 created + 0 updated + 85 unchanged"));
  EXPECT_EQ(LogRows(), rows);
  for (const auto& row : rig_.deals().Log()) EXPECT_EQ(row.run(), "book-1");
}

TEST_F(Book, IsTakenBackButForWhatWasChangedSinceAndCreatedAgain) {
  Import({"--run", "book-1"});
  deals::v1::ListDealsRequest list;
  list.set_filter("external_id = \"book/1C1I7A6R\"");
  auto found = rig_.deals().Call<deals::v1::ListDealsResponse>("ListDeals", list);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->deals_size(), 1);
  deals::v1::UpdateDealRequest change;
  change.mutable_deal()->set_name(found->deals(0).name());
  change.mutable_deal()->set_display_name("Ours now");
  change.mutable_update_mask()->add_paths("display_name");
  ASSERT_TRUE(rig_.deals().Call<Deal>("UpdateDeal", change).ok());

  auto undone = rig_.Run({"undo", "--run", "book-1"});
  EXPECT_EQ(undone.code, 0) << undone.err;
  EXPECT_THAT(undone.out,
              HasSubstr("conflict  " + found->deals(0).name() + "  changed since: display_name"));
  EXPECT_THAT(undone.out, HasSubstr("deals: 8800 deleted"));  // 8,799 deals and the pipeline
  EXPECT_EQ(rig_.Run({"verify"}).code, 0);

  auto again = Import();
  EXPECT_THAT(again.out, HasSubstr("sales_pipeline: 8800 rows = 8799 created + "));
}

TEST_F(Book, TellsARecordsHistoryAndPutsRefusedRowsIntoAFile) {
  Import();
  deals::v1::ListDealsRequest list;
  list.set_filter("external_id = \"book/Z063OYW0\"");
  auto found = rig_.deals().Call<deals::v1::ListDealsResponse>("ListDeals", list);
  ASSERT_TRUE(found.ok());
  auto history = rig_.Run({"history", found->deals(0).name()});
  EXPECT_EQ(history.code, 0) << history.err;
  EXPECT_THAT(history.out, HasSubstr("stage: prospecting -> engaging"));
  EXPECT_THAT(history.out, HasSubstr("state: OPEN -> WON"));
  EXPECT_THAT(history.out, HasSubstr("happened at 2017-03-11T00:00:00Z"));
  EXPECT_THAT(history.out, HasSubstr("amount: 4514.00 USD"));
}

}  // namespace
}  // namespace crm::test
