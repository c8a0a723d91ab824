// Kafka away under writes: what becomes of the writes, of what waits, and of the metric that says
// so.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tests/chaos/checker.h"
#include "tests/chaos/rig.h"

namespace crm::chaos {

struct OutageOptions {
  uint64_t seed = 1;
  std::chrono::seconds away{60};
  int clients = 6;
  // Told what happens, a line at a time; empty: nobody is.
  std::function<void(const std::string&)> say = {};
};

struct OutageResult {
  // Calls while Kafka was away, and those of them that were neither answered nor refused.
  int calls = 0;
  int failed = 0;
  // Events, while it was away.
  double arrived_per_second = 0;
  // Events that waited when it answered again, and how long until they were gone, with clients that
  // went on.
  int64_t backlog = 0;
  double drain_seconds = 0;
  double drained_per_second = 0;
  // How many seconds the sum of crm_relay_lag_events was behind the truth at most.
  double lag_late = 0;
  // Of the judge of the fault bench, afterwards.
  std::vector<Finding> findings;
  // Where there are findings: the folder with what is left.
  std::string kept;
};

// Throws std::runtime_error where the bench itself does not work.
OutageResult RunOutage(Servers& servers, const OutageOptions& options);

}  // namespace crm::chaos
