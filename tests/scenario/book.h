// The real sales book of ../shared/data for tests: its rows as the file has them, its imports, and
// services that hold all of it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/scenario/services_rig.h"

namespace crm::test {

// The run under which WholeBook is imported.
inline constexpr char kBookRun[] = "book-1";

// Where the book is; empty where it is not.
std::string BookFolder();

// A row of sales_pipeline.csv.
struct Opportunity {
  std::string id, agent, product, account, stage, engage_date, close_date, close_value;
};
std::vector<Opportunity> Opportunities();

// A copy of the book with the first `rows` opportunities, which goes away with it.
class PartOfBook {
 public:
  explicit PartOfBook(int rows);
  ~PartOfBook();
  PartOfBook(const PartOfBook&) = delete;
  PartOfBook& operator=(const PartOfBook&) = delete;

  std::string folder() const { return folder_.string(); }
  std::filesystem::path file(const std::string& name) const { return folder_ / name; }
  // Adds a row to sales_pipeline.csv.
  void Add(const std::string& row);

 private:
  const std::filesystem::path folder_;
};

ServicesRig::Outcome ImportBook(ServicesRig& rig, const std::string& folder,
                                const std::vector<std::string>& more = {});

// Every deal, page by page; deleted ones are left out.
std::vector<deals::v1::Deal> AllDeals(ServicesRig& rig);
deals::v1::Deal DealOf(ServicesRig& rig, const std::string& external_id);

// Number and sum of deals.
struct Total {
  int64_t count = 0;
  int64_t amount_minor = 0;
  void Add(int64_t minor) {
    ++count;
    amount_minor += minor;
  }
  bool operator==(const Total&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Total& total) {
    return out << total.count << " deals, " << total.amount_minor;
  }
};

// Tests of the book: skipped, and said so, where it is missing.
class BookTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (BookFolder().empty()) {
      GTEST_SKIP() << "../shared/data/crm-sales-opportunities is not here, so the book is not read";
    }
  }
};

// Tests that only read: the whole book is imported once for all of them.
class WholeBook : public BookTest {
 protected:
  ServicesRig& rig();
  // What crmctl said.
  const ServicesRig::Outcome& imported();
};

}  // namespace crm::test
