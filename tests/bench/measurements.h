// The measurements, by their names in the table of docs/performance.md.
#pragma once

#include <string>

#include "tests/bench/creation.h"

namespace crm::bench {

// What measurements on the service leads share.
struct LeadsBench {
  Rig& rig;
  Load& load;
  Journal& journal;
  Effort effort;
};

// M1: records created in a second, at a concurrency, against pgbench. `kind`: see KindOf().
void MeasureCreate(LeadsBench& bench, const std::string& kind, int concurrency);
// M1b: how long a creation takes, at 60 % of the maximum or with one caller.
void MeasureCreateLatency(LeadsBench& bench, bool loaded);

// M2: records read by name in a second, against a server that does nothing and against pgbench.
void MeasureGet(LeadsBench& bench, int concurrency);
// M13 and M14: memory idle and after load, and time from the start to the first good answer.
void MeasureFootprint(LeadsBench& bench);

}  // namespace crm::bench
