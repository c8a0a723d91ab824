// A service that exists only in the fault bench. The product's consumers and timers are idempotent
// by themselves, which would hide an event that was applied twice; this one counts:
//
// - each LeadEvent adds one to the lead's count of events;
// - a lead's first event sets a timer, which adds one to its count of firings when it fires;
// - a lead's first event asks for one effect on an outside world that keeps a ledger of its own in
// a
//   file and neither dedupes nor forgets.
//
// So the lead's log says what each count must be.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "libs/entity/crud.h"
#include "libs/service/service.h"

namespace crm::chaos {

// As a service of a process: name "witness". The ledger's file is named by the environment variable
// CRM_WITNESS_LEDGER.
ServiceDefinition DefineWitness(const entity::Settings& settings);

// Key of the effect of a lead; what the ledger holds, a line each, as often as it was sent.
std::string LedgerKey(const Uuid& tenant, const std::string& lead);
std::vector<std::string> ReadLedger(const std::string& file);

// What the witness keeps, as records of crm.testing.v1.Exhibit: `nickname` is the lead,
// `display_name` one of these, `insured_minor` the count.
inline constexpr char kEventCount[] = "events";
inline constexpr char kFiringCount[] = "firings";

}  // namespace crm::chaos
