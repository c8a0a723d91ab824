// What the log says of a record: its versions, how it was at any moment, and why.
#pragma once

#include <string>
#include <vector>

#include "crm/events/v1/event_service.pb.h"
#include "tests/scenario/world.h"

namespace crm::test {

// Every version, oldest first.
std::vector<events::v1::Event> HistoryOf(World& world, const std::string& name);

// Expects that versions run 1..n, that `as_of` each of them the record was what the event says, and
// just before each what the one before says.
void ExpectHistoryIsTheRecord(World& world, const std::string& name);

// The event that made the record what it is: that of the last version with this fact
// ("crm.deals.v1.DealWon"); its id is empty where there is none.
events::v1::Event LastFact(World& world, const std::string& name, const std::string& type);

// From an event to what caused it, and so on: the chain that `crmctl why` prints, beginning with
// the event itself. A cause that is in no log ends it with an event without a type.
std::vector<events::v1::Event> WhyOf(World& world, const events::v1::Event& event);

// Expects that the log and the tables of every service agree.
void ExpectLogsAreTheTables(World& world, const std::vector<std::string>& services);

}  // namespace crm::test
