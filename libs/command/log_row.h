// Short ways to the parts of a log row.
#pragma once

#include "crm/kernel/v1/log.pb.h"
#include "libs/base/uuid.h"

namespace crm {

// The tenant whose record the row is about.
Uuid TenantOf(const kernel::v1::LogRow& row);

}  // namespace crm
