// What must hold for any input, and what evaluation must not do.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <random>

#include "libs/filter/evaluate.h"
#include "libs/filter/order_by.h"
#include "libs/filter/specimen_probes.h"

namespace {

thread_local size_t allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace crm::filter {
namespace {

// Texts that are often nearly filters.
std::string Soup(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"a",           "total",  "state",
                                                   "NEW",         "tags",   "custom_fields",
                                                   "create_time", "42",     "-30",
                                                   "2.5",         "1h",     "2026-01-31T09:00:00Z",
                                                   "\"x\"",       "'y\\''", "\"\\u05d0*\"",
                                                   "AND",         "OR",     "NOT",
                                                   "-",           "(",      ")",
                                                   ".",           ",",      ":",
                                                   "=",           "!=",     "<=",
                                                   ">",           "!",      "*",
                                                   "\"",          "\\",     " ",
                                                   " ",           " ",      "\t",
                                                   "now()",       "ago(",   "null",
                                                   "true",        "משה",    "\xff",
                                                   "\xe2\x82",    "[0]"};
  std::string text;
  for (size_t n = random() % 12; n > 0; --n) text += kPieces[random() % kPieces.size()];
  return text;
}

TEST(AnyText, IsRefusedWithAPositionInsideItOrReadBackFromItsCanonicalText) {
  std::mt19937 random(1);
  Schema schema = SpecimenSchema();
  size_t parsed = 0;
  size_t checked = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = Soup(random);
    Result<Filter> filter = Filter::Parse(text);
    if (!filter.ok()) {
      EXPECT_EQ(filter.status().reason(), "FILTER_INVALID");
      EXPECT_LE(std::stoul(filter.status().metadata().at("position")), text.size()) << text;
      continue;
    }
    ++parsed;
    Result<Filter> again = Filter::Parse(filter->ToText());
    ASSERT_TRUE(again.ok()) << text << " -> " << filter->ToText();
    EXPECT_EQ(*again, *filter) << text << " -> " << filter->ToText();
    Result<CheckedFilter> fits = Check(*filter, schema);
    if (!fits.ok()) continue;
    ++checked;
    Matches(*fits, testing::v1::Specimen());
    EXPECT_TRUE(ToSql(*fits, SpecimenColumns()).ok()) << text;
  }
  EXPECT_GT(parsed, 2'000u);
  EXPECT_GT(checked, 200u);
}

TEST(AnyText, IsAnOrderOrIsRefused) {
  std::mt19937 random(2);
  Schema schema = SpecimenSchema();
  for (int i = 0; i < 5'000; ++i) {
    std::string text = Soup(random);
    Result<OrderBy> order = OrderBy::Parse(text);
    if (!order.ok()) {
      EXPECT_EQ(order.status().reason(), "ORDER_BY_INVALID");
      continue;
    }
    Result<CheckedOrder> fits = Check(*order, schema);
    if (fits.ok()) {
      EXPECT_EQ(Check(*OrderBy::Parse(fits->ToText()), schema)->ToText(), fits->ToText());
    }
  }
}

TEST(Matches, AllocatesNothingForComparisonsOfSingularFields) {
  CheckedFilter filter = *ParseAndCheck(
      "total > 1 AND state = ACTIVE AND display_name = \"a rather long name of a customer*\" AND "
      "create_time < now() "
      "AND NOT parent.score = 3 AND amount.currency_code != \"USD\" AND weight >= 0.5 AND due_time "
      "= null",
      SpecimenSchema());
  testing::v1::Specimen specimen;
  specimen.set_total(2);
  specimen.set_state(testing::v1::Specimen::ACTIVE);
  specimen.set_display_name("a rather long name of a customer of ours");
  specimen.mutable_create_time()->set_seconds(1);
  specimen.mutable_parent()->set_score(4);
  specimen.mutable_amount()->set_currency_code("ILS");
  specimen.set_weight(1);
  EvalContext context{.now = Time(std::chrono::seconds(2))};
  // protobuf links its descriptors at their first use.
  ASSERT_TRUE(Matches(filter, specimen, context));
  size_t before = allocations;
  bool matches = Matches(filter, specimen, context);
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(matches);
}

}  // namespace
}  // namespace crm::filter
