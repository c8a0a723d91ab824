#include "services/leads/hand_over.h"

#include "crm/leads/v1/lead_events.pb.h"

namespace crm::leads {

namespace {

// For a lead, to be handed over is one way of being assigned.
Status StoreAssigned(Call& call, const google::protobuf::Message& lead,
                     const kernel::v1::HandOver& what) {
  v1::LeadAssigned fact;
  fact.set_previous_owner(what.from());
  fact.set_by("hand_over");
  fact.set_reason(what.reason());
  return call.Store(lead, fact);
}

}  // namespace

std::shared_ptr<const people::HandOvers> LeadHandOvers(const RecordTypes& types) {
  return std::make_shared<const people::HandOvers>(
      std::vector<people::Movable>{{.type = &types.Of(v1::Lead::descriptor()),
                                    .condition = "state = NEW OR state = WORKING",
                                    .store = StoreAssigned}});
}

}  // namespace crm::leads
