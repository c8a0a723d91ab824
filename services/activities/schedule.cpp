#include "services/activities/schedule.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "services/activities/task.h"

namespace crm::activities {

using v1::Reminder;
using v1::Task;

namespace {

constexpr char kTaskTimer[] = "task_due";
constexpr char kReminderTimer[] = "reminder";

int64_t Seconds(Duration lateness) {
  return std::chrono::duration_cast<std::chrono::seconds>(lateness).count();
}

Status OnTaskDue(Call& call, const FiredTimer& fired) {
  auto task = call.Find<Task>(fired.timer.subject());
  if (!task.ok()) return task.status();
  if (!*task || NoticeTime(**task) != fired.due) return Status::Ok();
  (*task)->set_overdue(true);
  *(*task)->mutable_noticed_due_time() = (*task)->due_time();
  v1::TaskBecameOverdue fact;
  *fact.mutable_due_time() = (*task)->due_time();
  fact.set_lateness_seconds(Seconds(fired.lateness));
  return call.Store(**task, fact);
}

Status OnReminderDue(Call& call, const FiredTimer& fired) {
  auto reminder = call.Find<Reminder>(fired.timer.subject());
  if (!reminder.ok()) return reminder.status();
  if (!*reminder || FireTime(**reminder) != fired.due) return Status::Ok();
  (*reminder)->set_state(Reminder::FIRED);
  v1::ReminderFired fact;
  fact.set_lateness_seconds(Seconds(fired.lateness));
  return call.Store(**reminder, fact);
}

}  // namespace

Status Reschedule(Call& call, const Task& task) {
  auto time = NoticeTime(task);
  if (!time) return call.CancelTimer(kTaskTimer, task.name());
  return call.SetTimer(kTaskTimer, task.name(), *time, v1::TaskBecameOverdue());
}

Status Reschedule(Call& call, const Reminder& reminder) {
  auto time = FireTime(reminder);
  if (!time) return call.CancelTimer(kReminderTimer, reminder.name());
  return call.SetTimer(kReminderTimer, reminder.name(), *time, v1::ReminderFired());
}

Status StoreTask(Call& call, const Task& task, const google::protobuf::Message& fact) {
  if (auto status = call.Store(task, fact); !status.ok()) return status;
  return Reschedule(call, task);
}

Status StoreReminder(Call& call, const Reminder& reminder, const google::protobuf::Message& fact) {
  if (auto status = call.Store(reminder, fact); !status.ok()) return status;
  return Reschedule(call, reminder);
}

std::vector<TimerHandler> Timers() {
  return {{kTaskTimer, OnTaskDue}, {kReminderTimer, OnReminderDue}};
}

}  // namespace crm::activities
