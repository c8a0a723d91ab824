#include "libs/command/log_row.h"

#include <algorithm>

#include "libs/command/timestamps.h"

namespace crm {

Uuid TenantOf(const kernel::v1::LogRow& row) {
  Uuid id;
  std::copy_n(row.tenant().begin(), std::min(row.tenant().size(), id.bytes.size()),
              id.bytes.begin());
  return id;
}

void Number(kernel::v1::LogRow& row, const LogNumber& number) {
  row.set_seq(number.seq);
  *row.mutable_recorded_time() = ToTimestamp(number.recorded);
}

}  // namespace crm
