// Projection: writes facts into generations. The one writer, for the live consumers as for a
// rebuild.
//
// A row is written where the event is newer than the one it was made from, so events may come
// twice, or first to one writer and then to the other.
#pragma once

#include <string>
#include <vector>

#include "libs/command/call.h"
#include "libs/events/consumer.h"
#include "services/analytics/facts.h"

namespace crm::analytics {

Status Project(Call& call, const deals::v1::Deal& deal, const Moment& moment);
Status Project(Call& call, const leads::v1::Lead& lead, const Moment& moment);

// The tenant's record of generations; with generation 1 active where there is none yet. In the
// check set: what was decided on it does not commit after a switch.
Result<v1::Generations> LoadGenerations(Call& call);

// Names of the rows of a record.
std::string DealFactName(const RecordTypes& types, int64_t generation, const std::string& deal);
std::string StageEntryName(const RecordTypes& types, int64_t generation, const std::string& deal,
                           const std::string& stage);
std::string LeadFactName(const RecordTypes& types, int64_t generation, const std::string& lead);

// analytics.on_deals and analytics.on_leads: into the active generation, and the one that is being
// built.
std::vector<events::EventConsumer> Consumers();

}  // namespace crm::analytics
