#include "services/notification/consumers.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "libs/command/timestamps.h"
#include "libs/people/people.h"
#include "services/notification/notice.h"

namespace crm::notification {

using activities::v1::ReminderEvent;
using activities::v1::Task;
using activities::v1::TaskEvent;
using events::Event;
using leads::v1::LeadEvent;

namespace {

// Who is responsible for a task being late besides its owner.
Result<std::string> SuperiorFor(Call& call, const Task& task) {
  if (task.owner().empty()) return people::HeadOf(call, task.department());
  auto owner = people::FindUser(call, task.owner());
  if (!owner.ok()) return owner.status();
  return *owner ? people::SuperiorOf(call, **owner) : people::HeadOf(call, task.department());
}

std::string DueText(const Task& task) {
  return FormatTime(ToTime(task.due_time()));
}

Status OnOverdue(Call& call, const Task& task, const Event& event) {
  auto superior = SuperiorFor(call, task);
  if (!superior.ok()) return superior.status();
  // Where nobody is above the owner, at least the owner is told.
  std::string user = superior->empty() ? task.owner() : *superior;
  return Tell(call,
              {.key = task.name() + "@" + DueText(task),
               .user = user,
               .kind = "task_overdue",
               .title = "Overdue: " + task.display_name(),
               .text = "It was due at " + DueText(task) + " and is still open; its owner is " +
                       (task.owner().empty() ? "nobody" : task.owner()) + ".",
               .subject = task.name()},
              event);
}

Status OnHandedOver(Call& call, const TaskEvent& body, const Event& event) {
  const Task& task = body.task();
  // Of a lead's contact task the lead's own event tells.
  if (task.kind() == "contact_lead" || task.owner() == event.row.actor()) return Status::Ok();
  return Tell(call,
              {.key = event.row.event_id(),
               .user = task.owner(),
               .kind = "task_handed_over",
               .title = "Yours now: " + task.display_name(),
               .text = body.handed_over().reason(),
               .subject = task.name()},
              event);
}

Status OnTask(Call& call, const TaskEvent& body, const Event& event) {
  if (body.has_became_overdue()) return OnOverdue(call, body.task(), event);
  if (body.has_handed_over()) return OnHandedOver(call, body, event);
  return Status::Ok();
}

Status OnReminder(Call& call, const ReminderEvent& body, const Event& event) {
  if (!body.has_fired()) return Status::Ok();
  const auto& reminder = body.reminder();
  return Tell(call,
              {.key = event.row.event_id(),
               .user = reminder.owner(),
               .kind = "reminder",
               .title = reminder.text().empty() ? "Reminder" : reminder.text(),
               .text = "",
               .subject = reminder.subject()},
              event);
}

Status OnLead(Call& call, const LeadEvent& body, const Event& event) {
  const auto& lead = body.lead();
  if (!body.has_assigned() || lead.owner() == event.row.actor()) return Status::Ok();
  return Tell(call,
              {.key = event.row.event_id(),
               .user = lead.owner(),
               .kind = "lead_assigned",
               .title = "New lead: " + lead.display_name(),
               .text = body.assigned().reason(),
               .subject = lead.name()},
              event);
}

}  // namespace

events::EventConsumer ActivitiesConsumer() {
  return {.name = "notification.on_activities",
          .sources = {"activities"},
          .functions = {events::On<TaskEvent>(OnTask), events::On<ReminderEvent>(OnReminder)}};
}

events::EventConsumer LeadsConsumer() {
  return {.name = "notification.on_leads",
          .sources = {"leads"},
          .functions = {events::On<LeadEvent>(OnLead)}};
}

}  // namespace crm::notification
