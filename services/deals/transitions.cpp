#include "services/deals/transitions.h"

#include "services/deals/deal.h"

namespace crm::deals {

namespace {

void Add(v1::Transition::Verb verb, const std::string& stage, const Status& status,
         v1::ListTransitionsResponse& response) {
  auto& transition = *response.add_transitions();
  transition.set_verb(verb);
  transition.set_stage(stage);
  transition.set_allowed(status.ok());
  transition.set_reason(status.reason());
  for (const auto& violation : status.precondition_violations()) {
    auto& obstacle = *transition.add_obstacles();
    obstacle.set_type(violation.type);
    obstacle.set_description(violation.description);
  }
}

}  // namespace

v1::ListTransitionsResponse Transitions(const v1::Pipeline& pipeline, const v1::Deal& deal,
                                        Time now) {
  v1::ListTransitionsResponse response;
  for (const auto& stage : pipeline.stages()) {
    if (stage.id() == deal.stage()) continue;
    v1::Deal copy = deal;
    MoveOrder order;
    order.stage = stage.id();
    order.occurred = now;
    Add(v1::Transition::MOVE, stage.id(), Move(pipeline, order, copy).status(), response);
  }
  v1::Deal won = deal;
  Add(v1::Transition::WIN, deal.stage(), Win(pipeline, now, won).status(), response);
  v1::Deal lost = deal;
  LoseOrder loss;
  loss.reason = "price";
  loss.occurred = now;
  Add(v1::Transition::LOSE, deal.stage(), Lose(loss, lost).status(), response);
  v1::Deal reopened = deal;
  Add(v1::Transition::REOPEN, deal.stage(), Reopen(now, reopened).status(), response);
  return response;
}

}  // namespace crm::deals
