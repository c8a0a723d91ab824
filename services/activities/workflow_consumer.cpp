#include "services/activities/workflow_consumer.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/workflow/v1/rule_events.pb.h"
#include "services/activities/schedule.h"

namespace crm::activities {

using v1::Task;
using workflow::v1::PlannedActionEvent;

namespace {

Status OnPlannedAction(Call& call, const PlannedActionEvent& event, const events::Event&) {
  const auto& action = event.planned_action();
  if (!event.has_requested() || !action.has_create_task()) return Status::Ok();
  const auto& wanted = action.create_task();
  Task task;
  task.set_name(call.types().Of(Task::descriptor()).Name(NamedUuid("rule_task", action.name())));
  auto known = call.Find<Task>(task.name());
  if (!known.ok()) return known.status();
  if (*known) return Status::Ok();
  task.set_display_name(wanted.title());
  task.set_subject(action.subject());
  task.set_kind(wanted.kind());
  task.set_owner(wanted.owner());
  task.set_department(wanted.department());
  if (wanted.has_due_time()) *task.mutable_due_time() = wanted.due_time();
  task.set_state(Task::OPEN);
  return StoreTask(call, task, v1::TaskCreated());
}

}  // namespace

events::EventConsumer WorkflowConsumer() {
  return {.name = "activities.on_workflow",
          .sources = {"workflow"},
          .functions = {events::On<PlannedActionEvent>(OnPlannedAction)}};
}

}  // namespace crm::activities
