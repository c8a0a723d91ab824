// Imports and the demo company where something is wrong, or is done twice.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "crm/contacts/v1/contact_service.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "tests/scenario/services_rig.h"

namespace crm::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr char kMapping[] = R"(
collection: companies
key: {field: external_id, column: Code, trim: true, prefix: t/}
fields:
  display_name: {column: Name, required: true}
  employee_count: {column: People}
  annual_revenue: {column: Revenue, money: EUR}
  parent: {column: Parent, prefix: t/, lookup: {collection: companies, by: external_id}, later: true}
)";

constexpr char kDeals[] = R"(
collection: deals
key: {field: external_id, column: Code, prefix: t/}
fields:
  display_name: {column: Name, required: true}
  contact: {value: contacts/00000000-0000-7000-8000-000000000001}
verbs:
  - verb: win
    when: {column: State, in: [Won]}
    unless: {state: WON}
)";

class ImportTest : public ::testing::Test {
 protected:
  ImportTest() {
    std::filesystem::create_directories(folder_);
    Write("companies.yaml", kMapping);
  }
  ~ImportTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& file) const { return (folder_ / file).string(); }
  void Write(const std::string& file, const std::string& text) {
    std::ofstream(folder_ / file, std::ios::binary) << text;
  }
  std::string Read(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(folder_ / file, std::ios::binary).rdbuf();
    return text.str();
  }
  ServicesRig::Outcome Import(const std::string& rows, std::vector<std::string> more = {}) {
    Write("companies.csv", "Code,Name,People,Revenue,Parent\r\n" + rows);
    std::vector<std::string> words = {
        "import", "--mapping", Path("companies.yaml"), Path("companies.csv"), "--batch", "3"};
    words.insert(words.end(), more.begin(), more.end());
    return rig_.Run(words);
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("crm-import-" + std::to_string(getpid()));
  ServicesRig rig_;
};

TEST_F(ImportTest, CountsEveryRowOnceAndSaysWhyItRefusedOne) {
  auto done = Import(
      "1,One,5,10.50,9\r\n"
      "2,,5,,\r\n"
      "3,Three,many,,\r\n"
      "4,Four,5,1.234,\r\n"
      "5,Five,5\r\n"
      "6,Six,,,nobody\r\n"
      ",Seven,,,\r\n"
      "8,Eight,-1,,\r\n"
      "9,\"Nine, Ltd\",,,\r\n",
      {"--errors", Path("errors.csv")});
  EXPECT_EQ(done.code, 6);
  EXPECT_THAT(done.out, HasSubstr("companies: 9 rows = 3 created + 0 updated + 0 unchanged + 6 "
                                  "rejected; 1 incomplete"));
  std::string errors = Read("errors.csv");
  EXPECT_THAT(errors, HasSubstr(",2,3,display_name,CELL_EMPTY,"));
  EXPECT_THAT(errors, HasSubstr(",3,4,employee_count,INVALID_FIELD,"));
  EXPECT_THAT(errors, HasSubstr(",4,5,annual_revenue,MONEY_MALFORMED,"));
  EXPECT_THAT(errors, HasSubstr(",5,6,,CELL_COUNT,has 3 cells instead of 5"));
  EXPECT_THAT(errors, ContainsRegex(",6,7,parent,LOOKUP_FAILED,.*,created\r\n"));
  EXPECT_THAT(errors, HasSubstr(",7,8,external_id,CELL_EMPTY,"));
  EXPECT_THAT(errors, HasSubstr(",8,9,company.employee_count,"));
}

TEST_F(ImportTest, CreatesTheNewRowsOfABatchByOneCallAndTellsWhichOfThemIsWrong) {
  auto done = Import("1,One,,,\r\n2,Two,,,\r\n3,Three,,,\r\n4,Four,-1,,\r\n5,Five,,,\r\n",
                     {"--run", "rows"});
  EXPECT_EQ(done.code, 6);
  EXPECT_THAT(done.out, HasSubstr("5 rows = 4 created + 0 updated + 0 unchanged + 1 rejected"));
  LogQuery query;
  query.tenant = rig_.contacts().tenant();
  std::map<std::string, int> created;
  auto rows = rig_.contacts().store().ReadLog(query, {});
  ASSERT_TRUE(rows.ok());
  for (const auto& row : *rows) ++created[row.origin()];
  EXPECT_EQ(created,
            (std::map<std::string, int>{{"crm.contacts.v1.CompanyService/BatchCreateCompanies", 3},
                                        {"crm.contacts.v1.CompanyService/CreateCompany", 1}}));
}

TEST_F(ImportTest, DryRunCountsARowWhoseLaterStepIsRefusedAsTheRealRunDoes) {
  deals::v1::CreatePipelineRequest pipeline;
  pipeline.mutable_pipeline()->set_display_name("Windows");
  pipeline.mutable_pipeline()->set_is_default(true);
  for (const char* id : {"first", "offered"}) {
    auto& stage = *pipeline.mutable_pipeline()->add_stages();
    stage.set_id(id);
    stage.set_display_name(id);
  }
  pipeline.mutable_pipeline()->mutable_stages(1)->set_can_win(true);
  ASSERT_TRUE(rig_.deals().Call<deals::v1::Pipeline>("CreatePipeline", pipeline).ok());
  Write("deals.yaml", kDeals);
  Write("deals.csv",
        "Code,Name,State\r\n"
        "1,Open,\r\n"
        "2,Won too early,Won\r\n"
        "3,,Won\r\n");
  auto run = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"import",          "--mapping", Path("deals.yaml"),
                                      Path("deals.csv"), "--errors",  Path("errors.csv")};
    words.insert(words.end(), more.begin(), more.end());
    auto done = rig_.Run(words);
    EXPECT_EQ(done.code, 6) << done.err;
    return done.out;
  };
  const char* first = "3 rows = 2 created + 0 updated + 0 unchanged + 1 rejected; ";
  EXPECT_THAT(run({"--dry-run"}), HasSubstr(first));
  EXPECT_THAT(run({}), HasSubstr(first + std::string("1 incomplete")));
  EXPECT_THAT(Read("errors.csv"), ContainsRegex(",2,3,win,[A-Z_]+,[^\r]*,created\r\n"));
  const char* second = "3 rows = 0 created + 0 updated + 1 unchanged + 2 rejected; ";
  EXPECT_THAT(run({"--dry-run"}), HasSubstr(second));
  EXPECT_THAT(run({}), HasSubstr(second));
  EXPECT_THAT(Read("errors.csv"), ContainsRegex(",2,3,,[A-Z_]+,[^\r]*,\r\n"));
}

TEST_F(ImportTest, UpdatesOnlyWhatIsDifferentAndLeavesWhatTheSourceDoesNotSay) {
  EXPECT_EQ(Import("1,One,5,10.50,\r\n2,Two,7,,1\r\n").code, 0);
  auto again = Import("1,One,6,,\r\n2,Two,7,,1\r\n");
  EXPECT_THAT(again.out, HasSubstr("2 rows = 0 created + 1 updated + 1 unchanged + 0 rejected"));
  auto list = rig_.contacts().Call<contacts::v1::ListCompaniesResponse>(
      "ListCompanies", contacts::v1::ListCompaniesRequest());
  ASSERT_TRUE(list.ok());
  for (const auto& company : list->companies()) {
    if (company.external_id() != "t/1") continue;
    EXPECT_EQ(company.employee_count(), 6);
    EXPECT_EQ(company.annual_revenue().amount_minor(), 1050);
  }
  EXPECT_EQ(rig_.contacts().Log().size(), 4u);  // two created, one parent, one update
}

TEST_F(ImportTest, TakesRowsOfOneKeyInTheirOrderWithinABatchAndOverBatches) {
  auto done = Import("1,A,,,\r\n1,B,,,\r\n2,X,,,\r\n3,Y,,,\r\n1,C,,,\r\n");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("5 rows = 3 created + 2 updated"));
  EXPECT_EQ(rig_.contacts().Log().size(), 5u);
  EXPECT_THAT(Import("1,C,,,\r\n").out, HasSubstr("1 rows = 0 created + 0 updated + 1 unchanged"));
}

TEST_F(ImportTest, StopsAtAFileThatCannotBeReadFurtherAndAtAMissingColumn) {
  auto broken = Import("1,One,,,\r\n2,\"Two,,,\r\n");
  EXPECT_EQ(broken.code, 6);
  EXPECT_THAT(broken.err, HasSubstr("CSV_MALFORMED"));
  Write("companies.csv", "Code,Name\r\n");
  auto missing = rig_.Run({"import", "--mapping", Path("companies.yaml"), Path("companies.csv")});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("The file has no column 'Parent'"));
}

TEST_F(ImportTest, LogOfARunIsTailedExplainedVerifiedAndTakenBack) {
  ASSERT_EQ(Import("1,One,5,,\r\n2,Two,7,,1\r\n", {"--run", "r-1"}).code, 0);
  auto tail = rig_.Run(
      {"events", "tail", "--source", "contacts", "--until-now", "--type", "CompanyUpdated"});
  EXPECT_EQ(tail.code, 0) << tail.err;
  EXPECT_EQ(std::ranges::count(tail.out, '\n'), 1);
  EXPECT_THAT(tail.out, HasSubstr("  CompanyUpdated  companies/"));
  EXPECT_THAT(tail.out, HasSubstr(" v2  by users/"));

  const auto first = rig_.contacts().Log().front();
  auto why = rig_.Run({"why", first.event_id(), "--source", "contacts"});
  EXPECT_EQ(why.code, 0) << why.err;
  EXPECT_THAT(why.out, HasSubstr("crm.contacts.v1.CompanyService/BatchCreateCompanies"));
  EXPECT_THAT(why.err, HasSubstr("First request: " + first.correlation()));
  EXPECT_EQ(rig_.Run({"why", "no-such-event", "--source", "contacts"}).code, 3);

  EXPECT_THAT(rig_.Run({"verify", "--source", "contacts"}).out,
              HasSubstr("contacts: 2 records, 3 events, 0 differences"));
  EXPECT_EQ(rig_.Run({"undo"}).code, 2);
  EXPECT_EQ(rig_.Run({"undo", "--actor", first.actor()}).code, 2);
  auto dry = rig_.Run({"undo", "--run", "r-1", "--source", "contacts", "--dry-run"});
  EXPECT_THAT(dry.out, HasSubstr("contacts (dry run): 2 deleted"));
  EXPECT_EQ(rig_.contacts().Log().size(), 3u);
  auto undone = rig_.Run({"undo", "--run", "r-1", "--source", "contacts"});
  EXPECT_THAT(undone.out, HasSubstr("contacts: 2 deleted, 0 undeleted, 0 restored"));
}

TEST_F(ImportTest, DemoCompanyIsLoadedOnceHoweverOftenItIsLoaded) {
  auto first = rig_.Run({"demo"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("created"));
  size_t rows =
      rig_.leads().Log().size() + rig_.deals().Log().size() + rig_.contacts().Log().size();
  EXPECT_GT(rows, 30u);
  auto second = rig_.Run({"demo"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("demo company: 0 created, 0 updated, "));
  EXPECT_EQ(rig_.leads().Log().size() + rig_.deals().Log().size() + rig_.contacts().Log().size(),
            rows);
}

}  // namespace
}  // namespace crm::test
