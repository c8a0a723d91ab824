// Short ways to the parts of a log row.
#pragma once

#include "crm/kernel/v1/log.pb.h"
#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace crm {

// The tenant whose record the row is about.
Uuid TenantOf(const kernel::v1::LogRow& row);

// What the commit gives a row.
struct LogNumber {
  int64_t seq = 0;
  Time recorded{};
};
void Number(kernel::v1::LogRow& row, const LogNumber& number);

}  // namespace crm
