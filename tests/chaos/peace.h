// What is left of an installation when nothing moves in it any more.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/chaos/checker.h"
#include "tests/chaos/rig.h"

namespace crm::chaos {

struct Verdict {
  std::vector<Finding> findings;
  size_t events = 0;
  // Where there are findings: the folder with the history, the evidence and the process's logs.
  std::string kept;
};

// Looks until nothing is amiss, nothing has moved for so long, or the process has ended. The judge
// is told of the incidents.
Verdict AwaitPeace(Installation& installation, const std::vector<std::string>& incidents,
                   std::chrono::milliseconds patience);

}  // namespace crm::chaos
