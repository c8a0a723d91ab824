// What a product must be. Pure.
#pragma once

#include "crm/inventory/v1/product.pb.h"
#include "libs/base/status.h"

namespace crm::inventory {

// INVALID_FIELD where the list price is negative.
Status CheckProduct(const v1::Product& product);

}  // namespace crm::inventory
