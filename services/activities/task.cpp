#include "services/activities/task.h"

#include "libs/command/record_type.h"

namespace crm::activities {

using v1::Reminder;
using v1::Task;

Status CheckOpen(const Task& task) {
  if (task.state() == Task::OPEN) return Status::Ok();
  std::string state = Task::State_Name(task.state());
  return FailedPrecondition("TASK_STATE", "The task is " + state + "; only open tasks change.")
      .With("name", task.name())
      .With("state", state);
}

void Close(Task::State state, const std::string& result, Time now, Task& task) {
  task.set_state(state);
  task.set_result(result);
  SetTimestamp(task, Task::descriptor()->FindFieldByName("done_time"), now);
}

std::optional<Time> NoticeTime(const Task& task) {
  if (task.state() != Task::OPEN || task.has_delete_time() || !task.has_due_time()) {
    return std::nullopt;
  }
  const auto* noticed = Task::descriptor()->FindFieldByName("noticed_due_time");
  if (task.has_noticed_due_time() && GetTimestamp(task, noticed) == DueTime(task)) {
    return std::nullopt;
  }
  return DueTime(task);
}

std::optional<Time> FireTime(const Reminder& reminder) {
  if (reminder.state() != Reminder::PENDING || reminder.has_delete_time()) return std::nullopt;
  return RemindTime(reminder);
}

Time DueTime(const Task& task) {
  return GetTimestamp(task, Task::descriptor()->FindFieldByName("due_time"));
}

Time RemindTime(const Reminder& reminder) {
  return GetTimestamp(reminder, Reminder::descriptor()->FindFieldByName("remind_time"));
}

}  // namespace crm::activities
