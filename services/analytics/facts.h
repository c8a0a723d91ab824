// Facts: what analytics keeps of a deal or a lead. Pure functions of the record as an event left
// it, so that the live consumer and a rebuild make the same rows from the same events.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crm/analytics/v1/fact.pb.h"
#include "libs/base/clock.h"

namespace crm::analytics {

// Where a snapshot comes from.
struct Moment {
  // Generation of the rows to make.
  int64_t generation = 1;
  // Version of the record, and when its event was recorded.
  int64_t version = 0;
  Time recorded;
};

// All but the names, which the projection knows.
v1::DealFact FactOf(const deals::v1::Deal& deal, const Moment& moment);
v1::LeadFact FactOf(const leads::v1::Lead& lead, const Moment& moment);

// One for each stage that the deal has been in, in the order of the first visits; none where it is
// deleted.
std::vector<v1::StageEntryFact> StageEntries(const deals::v1::Deal& deal, int64_t generation);

// "2017-Q2" and "2017-06-30", in UTC.
std::string QuarterOf(Time time);
std::string DayOf(Time time);

}  // namespace crm::analytics
