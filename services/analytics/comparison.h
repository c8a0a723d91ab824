// Comparison of two generations of facts, row by row.
#pragma once

#include "libs/command/call.h"

namespace crm::analytics {

struct Difference {
  // Records whose rows were made from the same version and differ, or that `made` does not know at
  // the version of `live`.
  int64_t different = 0;
  // Records of which `live` has not applied all that `made` has.
  int64_t behind = 0;
};

// Reads both in the order of their records, with a bounded number of rows in memory. What seems to
// differ is looked at once more within the check set, since events go on arriving, so the answer is
// true at the commit.
Result<Difference> Compare(Call& call, int64_t live, int64_t made);

}  // namespace crm::analytics
