#include "tests/scenario/book.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

namespace crm::test {

namespace fs = std::filesystem;

namespace {

constexpr char kPlan[] = "tools/crmctl/mappings/book/book.yaml";
constexpr const char* kFiles[] = {"accounts.csv", "products.csv", "sales_teams.csv"};

struct Imported {
  ServicesRig rig;
  ServicesRig::Outcome outcome = ImportBook(rig, BookFolder(), {"--run", kBookRun});
};

// Ends the services before main does.
class Library final : public ::testing::Environment {
 public:
  Imported& book() {
    if (book_ == nullptr) book_ = std::make_unique<Imported>();
    return *book_;
  }
  void TearDown() override { book_.reset(); }

 private:
  std::unique_ptr<Imported> book_;
};

Library& TheLibrary() {
  static auto* library =
      static_cast<Library*>(::testing::AddGlobalTestEnvironment(new Library()));  // gtest owns it
  return *library;
}

// Known to gtest before the first test.
[[maybe_unused]] const bool kKnown = (TheLibrary(), true);

}  // namespace

std::string BookFolder() {
  const char* given = std::getenv("CRM_SHARED_DATA");
  fs::path folder =
      fs::path(given == nullptr ? "../shared/data" : given) / "crm-sales-opportunities";
  return fs::exists(folder / "sales_pipeline.csv") ? folder.string() : "";
}

std::vector<Opportunity> Opportunities() {
  std::ifstream in(fs::path(BookFolder()) / "sales_pipeline.csv", std::ios::binary);
  std::vector<Opportunity> rows;
  std::string line;
  for (std::getline(in, line); std::getline(in, line);) {
    // No cell of this file is quoted.
    std::istringstream cells(line.substr(0, line.find('\r')));
    Opportunity row;
    for (auto* cell : {&row.id, &row.agent, &row.product, &row.account, &row.stage,
                       &row.engage_date, &row.close_date, &row.close_value}) {
      std::getline(cells, *cell, ',');
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

PartOfBook::PartOfBook(int rows)
    : folder_(fs::temp_directory_path() / ("crm-book-" + std::to_string(getpid()))) {
  fs::create_directories(folder_);
  for (const char* name : kFiles) {
    std::ofstream(file(name), std::ios::binary)
        << std::ifstream(fs::path(BookFolder()) / name, std::ios::binary).rdbuf();
  }
  std::ifstream in(fs::path(BookFolder()) / "sales_pipeline.csv", std::ios::binary);
  std::ofstream out(file("sales_pipeline.csv"), std::ios::binary);
  std::string line;
  for (int i = 0; i <= rows && std::getline(in, line); ++i) out << line << "\n";
}

PartOfBook::~PartOfBook() {
  fs::remove_all(folder_);
}

void PartOfBook::Add(const std::string& row) {
  std::ofstream(file("sales_pipeline.csv"), std::ios::binary | std::ios::app) << row << "\r\n";
}

ServicesRig::Outcome ImportBook(ServicesRig& rig, const std::string& folder,
                                const std::vector<std::string>& more) {
  std::vector<std::string> words = {"import", "--mapping", kPlan, folder, "--in-flight", "8"};
  words.insert(words.end(), more.begin(), more.end());
  return rig.Run(words);
}

std::vector<deals::v1::Deal> AllDeals(ServicesRig& rig) {
  std::vector<deals::v1::Deal> deals;
  deals::v1::ListDealsRequest request;
  request.set_page_size(1000);
  do {
    auto page = rig.deals().Call<deals::v1::ListDealsResponse>("ListDeals", request);
    EXPECT_TRUE(page.ok()) << page.status().ToString();
    if (!page.ok()) return {};
    deals.insert(deals.end(), page->deals().begin(), page->deals().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return deals;
}

deals::v1::Deal DealOf(ServicesRig& rig, const std::string& external_id) {
  deals::v1::ListDealsRequest request;
  request.set_filter("external_id = \"" + external_id + "\"");
  auto found = rig.deals().Call<deals::v1::ListDealsResponse>("ListDeals", request);
  EXPECT_TRUE(found.ok() && found->deals_size() == 1) << external_id;
  return found.ok() && found->deals_size() == 1 ? found->deals(0) : deals::v1::Deal();
}

ServicesRig& WholeBook::rig() {
  return TheLibrary().book().rig;
}

const ServicesRig::Outcome& WholeBook::imported() {
  return TheLibrary().book().outcome;
}

}  // namespace crm::test
