#include "services/inventory/product.h"

namespace crm::inventory {

Status CheckProduct(const v1::Product& product) {
  if (product.list_price().amount_minor() >= 0) return Status::Ok();
  return InvalidField("product.list_price.amount_minor", "must not be negative");
}

}  // namespace crm::inventory
