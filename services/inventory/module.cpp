#include "services/inventory/module.h"

#include "crm/inventory/v1/product_events.pb.h"
#include "crm/inventory/v1/product_service.pb.h"
#include "libs/entity/standard_methods.h"
#include "services/inventory/product.h"

namespace crm::inventory {

std::vector<pg::Migration> Migrations();  // of migrations/, embedded by the build

std::vector<const google::protobuf::Descriptor*> Records() {
  // Naming the event links its file, which the record's options speak of.
  v1::ProductEvent::descriptor();
  return {v1::Product::descriptor()};
}

std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings) {
  entity::HooksOf<v1::Product> hooks;
  hooks.validate = [](Call&, const v1::Product*, v1::Product& after) {
    return CheckProduct(after);
  };
  return entity::StandardMethods(entity::FindService("crm.inventory.v1.ProductService"),
                                 types.Of(v1::Product::descriptor()), settings, hooks);
}

ServiceDefinition Define(const entity::Settings& settings) {
  ServiceDefinition service;
  service.name = "inventory";
  service.types = std::make_shared<const RecordTypes>(Records());
  service.migrations = Migrations();
  service.methods = Methods(*service.types, settings);
  return service;
}

}  // namespace crm::inventory
