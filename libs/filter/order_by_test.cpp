#include "libs/filter/order_by.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/specimen.pb.h"

namespace crm::filter {
namespace {

using testing::v1::Specimen;

Schema SpecimenSchema() {
  return Schema(Specimen::descriptor());
}

std::string Canonical(std::string_view text) {
  Result<OrderBy> order = OrderBy::Parse(text);
  if (!order.ok()) return order.status().message();
  Result<CheckedOrder> checked = Check(*order, SpecimenSchema());
  return checked.ok() ? checked->ToText() : checked.status().message();
}

TEST(OrderBy, ReadsFieldsAndDirections) {
  EXPECT_EQ(Canonical(""), "");
  EXPECT_EQ(Canonical("create_time desc, display_name"), "create_time desc, display_name");
  EXPECT_EQ(Canonical("  count   asc ,amount.amount_minor  desc "),
            "count, amount.amount_minor desc");
  EXPECT_EQ(Canonical("custom_fields.city"), "custom_fields.city");
}

TEST(OrderBy, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Canonical("count,"), "The order_by expects a field here (at character 6).");
  EXPECT_EQ(Canonical("count up"),
            "The order_by expects ',', asc or desc here, found 'up' (at character 6).");
  EXPECT_EQ(
      Canonical("countt"),
      "The order_by names the unknown field \"countt\"; did you mean \"count\"? (at character 0).");
  EXPECT_EQ(Canonical("count, tags"),
            "The order_by names \"tags\", which has no order (at character 7).");
  EXPECT_EQ(Canonical("amount"),
            "The order_by names \"amount\", which has no order (at character 0).");
  EXPECT_EQ(Canonical("count, count desc"),
            "The order_by names \"count\", which it names before (at character 7).");
  Result<OrderBy> order = OrderBy::Parse("count = 1");
  ASSERT_FALSE(order.ok());
  EXPECT_EQ(order.status().reason(), "ORDER_BY_INVALID");
  EXPECT_EQ(order.status().metadata().at("position"), "6");
  EXPECT_EQ(order.status().field_violations()[0].field, "order_by");
}

TEST(OrderBy, ObeysTheGate) {
  Schema schema = SpecimenSchema();
  schema.SetGate([](std::string_view path) {
    return path == "count" ? std::optional<std::string>() : "cannot be sorted by";
  });
  EXPECT_TRUE(Check(*OrderBy::Parse("count"), schema).ok());
  EXPECT_EQ(Check(*OrderBy::Parse("total"), schema).status().message(),
            "The order_by names \"total\", which cannot be sorted by (at character 0).");
}

TEST(OrderBy, IsBounded) {
  EXPECT_FALSE(OrderBy::Parse("a, b, c, d, e, f, g, h, i").ok());
  EXPECT_TRUE(OrderBy::Parse("a, b, c, d, e, f, g, h").ok());
}

TEST(OrderBy, ComparesKeysInTurnAndPutsUnsetAboveAll) {
  Result<CheckedOrder> order = Check(*OrderBy::Parse("score desc, display_name"), SpecimenSchema());
  ASSERT_TRUE(order.ok());
  Specimen low, high, unset, other;
  low.set_score(1);
  high.set_score(2);
  other.set_score(2);
  other.set_display_name("b");
  EXPECT_LT(order->Compare(high, low), 0);
  EXPECT_LT(order->Compare(unset, high), 0);
  EXPECT_LT(order->Compare(high, other), 0);
  EXPECT_EQ(order->Compare(high, high), 0);
  EXPECT_GT(order->Compare(low, other), 0);
}

}  // namespace
}  // namespace crm::filter
