#include <gtest/gtest.h>

#include "crm/inventory/v1/product_service.pb.h"
#include "libs/entity/conformance.h"
#include "libs/testing/call_harness.h"
#include "services/inventory/module.h"

namespace crm::inventory {
namespace {

using v1::CreateProductRequest;
using v1::Product;

const entity::Settings& TestSettings() {
  static const entity::PageTokens tokens =
      *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  static const entity::Settings settings{&tokens, "IL"};
  return settings;
}

TEST(Product, IsRefusedWithANegativeListPrice) {
  test::CallHarness service(Records());
  service.Bind(Methods(service.types(), TestSettings()));
  CreateProductRequest request;
  request.mutable_product()->set_display_name("Window");
  request.mutable_product()->mutable_list_price()->set_currency_code("ILS");
  request.mutable_product()->mutable_list_price()->set_amount_minor(-1);
  EXPECT_EQ(service.Call<Product>("CreateProduct", request).status(),
            InvalidField("product.list_price.amount_minor", "must not be negative"));
  EXPECT_TRUE(service.Log().empty());
}

class Conformance : public entity::ConformanceTest {};
TEST_P(Conformance, Holds) {
  Run();
}

entity::ConformanceService ProductsToTest() {
  entity::ConformanceService service;
  service.records = Records();
  service.methods = [](const RecordTypes& types) { return Methods(types, TestSettings()); };
  service.migrations = "services/inventory/migrations";
  service.entities = {
      {.service = "crm.inventory.v1.ProductService", .record = Product::descriptor()}};
  return service;
}

INSTANTIATE_TEST_SUITE_P(Inventory, Conformance,
                         ::testing::ValuesIn(entity::ConformanceCases(ProductsToTest())),
                         entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::inventory
