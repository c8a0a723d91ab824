#include "services/activities/lead_consumer.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "libs/command/timestamps.h"
#include "services/activities/schedule.h"
#include "services/activities/task.h"

namespace crm::activities {

using events::Event;
using leads::v1::Lead;
using leads::v1::LeadEvent;
using v1::Reminder;
using v1::Task;

namespace {

bool IsOpen(const Lead& lead) {
  return !lead.has_delete_time() && (lead.state() == Lead::NEW || lead.state() == Lead::WORKING);
}

Status CloseTask(Call& call, const Lead& lead, Time occurred, Task task) {
  if (lead.has_delete_time() || lead.state() == Lead::DISQUALIFIED) {
    v1::TaskCancelled fact;
    fact.set_reason(lead.has_delete_time() ? "the lead was deleted" : lead.disqualified_reason());
    Close(Task::CANCELLED, fact.reason(), occurred, task);
    return StoreTask(call, task, fact);
  }
  v1::TaskCompleted fact;
  fact.set_result(lead.state() == Lead::CONVERTED ? "converted" : "contacted");
  Close(Task::DONE, fact.result(), occurred, task);
  return StoreTask(call, task, fact);
}

Status CreateContactTask(Call& call, const std::string& name, const Lead& lead) {
  Task task;
  task.set_name(name);
  task.set_display_name("Contact " + lead.display_name());
  task.set_subject(lead.name());
  task.set_kind("contact_lead");
  task.set_owner(lead.owner());
  task.set_department(lead.department());
  *task.mutable_due_time() = lead.contact_due_time();
  task.set_state(Task::OPEN);
  return StoreTask(call, task, v1::TaskCreated());
}

Status SyncContactTask(Call& call, const LeadEvent& event, Time occurred) {
  const Lead& lead = event.lead();
  const RecordType& type = call.types().Of(Task::descriptor());
  std::string name = type.Name(NamedUuid("contact_lead", lead.name()));
  auto task = call.Find<Task>(name);
  if (!task.ok()) return task.status();
  bool waits = IsOpen(lead) && lead.state() == Lead::NEW && lead.has_contact_due_time();
  if (!*task) return waits ? CreateContactTask(call, name, lead) : Status::Ok();
  if ((*task)->state() != Task::OPEN || (*task)->has_delete_time()) return Status::Ok();
  if (!waits) return CloseTask(call, lead, occurred, **task);
  if ((*task)->owner() == lead.owner() && (*task)->department() == lead.department()) {
    return Status::Ok();
  }
  v1::TaskHandedOver fact;
  fact.set_previous_owner((*task)->owner());
  fact.set_reason(event.assigned().reason());
  (*task)->set_owner(lead.owner());
  (*task)->set_department(lead.department());
  return StoreTask(call, **task, fact);
}

Status SyncCallBack(Call& call, const Lead& lead) {
  const RecordType& type = call.types().Of(Reminder::descriptor());
  std::string name = type.Name(NamedUuid("call_back", lead.name()));
  auto known = call.Find<Reminder>(name);
  if (!known.ok()) return known.status();
  bool wanted = IsOpen(lead) && lead.has_call_back_time();
  bool live = *known && !(*known)->has_delete_time();
  if (!wanted) {
    if (!live || (*known)->state() != Reminder::PENDING) return Status::Ok();
    Reminder gone = **known;
    *gone.mutable_delete_time() = ToTimestamp(call.now());
    return StoreReminder(call, gone, v1::ReminderDeleted());
  }
  Reminder reminder = known->value_or(Reminder());
  Time time = ToTime(lead.call_back_time());
  bool same_time = *known && RemindTime(reminder) == time;
  if (live && same_time && reminder.owner() == lead.owner()) return Status::Ok();
  reminder.set_name(name);
  reminder.set_subject(lead.name());
  reminder.set_text("Call " + lead.display_name() + " back");
  reminder.set_owner(lead.owner());
  if (!same_time || !live) reminder.set_state(Reminder::PENDING);
  *reminder.mutable_remind_time() = lead.call_back_time();
  reminder.clear_delete_time();
  if (!*known) return StoreReminder(call, reminder, v1::ReminderCreated());
  if (!live) return StoreReminder(call, reminder, v1::ReminderUndeleted());
  return StoreReminder(call, reminder, v1::ReminderUpdated());
}

Status OnLead(Call& call, const LeadEvent& event, const Event& envelope) {
  if (auto status = SyncContactTask(call, event, envelope.occurred); !status.ok()) return status;
  return SyncCallBack(call, event.lead());
}

}  // namespace

events::EventConsumer LeadsConsumer() {
  return {.name = "activities.on_leads",
          .sources = {"leads"},
          .functions = {events::On<LeadEvent>(OnLead)}};
}

}  // namespace crm::activities
