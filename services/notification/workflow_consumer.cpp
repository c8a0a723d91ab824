#include "services/notification/workflow_consumer.h"

#include "crm/workflow/v1/rule_events.pb.h"
#include "services/notification/notice.h"

namespace crm::notification {

using workflow::v1::PlannedActionEvent;

namespace {

Status OnPlannedAction(Call& call, const PlannedActionEvent& event, const events::Event& envelope) {
  const auto& action = event.planned_action();
  if (!event.has_requested() || !action.has_notify()) return Status::Ok();
  return Tell(call,
              {.key = action.name(),
               .user = action.notify().user(),
               .kind = "rule",
               .title = action.notify().title(),
               .text = "",
               .subject = action.subject()},
              envelope);
}

}  // namespace

events::EventConsumer WorkflowConsumer() {
  return {.name = "notification.on_workflow",
          .sources = {"workflow"},
          .functions = {events::On<PlannedActionEvent>(OnPlannedAction)}};
}

}  // namespace crm::notification
