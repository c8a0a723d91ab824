#include "libs/command/log_row.h"

#include <algorithm>

namespace crm {

Uuid TenantOf(const kernel::v1::LogRow& row) {
  Uuid id;
  std::copy_n(row.tenant().begin(), std::min(row.tenant().size(), id.bytes.size()),
              id.bytes.begin());
  return id;
}

}  // namespace crm
