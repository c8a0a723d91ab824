// The measurements, by their names in the table of docs/performance.md.
#pragma once

#include <string>

#include "tests/bench/creation.h"

namespace crm::bench {

// What measurements on one service share.
struct Bench {
  Rig& rig;
  Load& load;
  Journal& journal;
  Effort effort;
};

// M1: records created in a second, at a concurrency, against pgbench. `kind`: see KindOf(). Where
// the rig does not flush commits, the case says so.
void MeasureCreate(Bench& bench, const std::string& kind, int concurrency);
// M1b: how long a creation takes, at 60 % of the maximum or with one caller.
void MeasureCreateLatency(Bench& bench, bool loaded);

// M2: records read by name in a second, against a server that does nothing and against pgbench.
void MeasureGet(Bench& bench, int concurrency);
// M13 and M14: memory idle and after load, and time from the start to the first good answer.
void MeasureFootprint(Bench& bench);

// M7: events a second of a backlog that the relay finds at its start, against a bare producer.
void MeasureDrain(Bench& bench, int64_t events);
// M3: the first and the thousandth page of a list of so many deals, against the same SELECT by hand
// with an index made for it.
void MeasureList(Bench& bench, int64_t records);
// M5: rows that crmctl imports in a second, against COPY of all that they became into tables with
// the same indexes.
void MeasureImport(Bench& bench, int64_t rows);
// M6: from the answer of the commit to the event's arrival at a consumer, against producing and
// consuming the same bytes. The answer leaves when the commit has returned, as the event does.
void MeasureEventLatency(Bench& bench, double rate);

}  // namespace crm::bench
