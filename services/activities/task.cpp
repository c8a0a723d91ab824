#include "services/activities/task.h"

#include "libs/command/record_type.h"
#include "libs/command/timestamps.h"

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
  *task.mutable_done_time() = ToTimestamp(now);
}

std::optional<Time> NoticeTime(const Task& task) {
  if (task.state() != Task::OPEN || task.has_delete_time() || !task.has_due_time()) {
    return std::nullopt;
  }
  if (task.has_noticed_due_time() && ToTime(task.noticed_due_time()) == DueTime(task)) {
    return std::nullopt;
  }
  return DueTime(task);
}

std::optional<Time> FireTime(const Reminder& reminder) {
  if (reminder.state() != Reminder::PENDING || reminder.has_delete_time()) return std::nullopt;
  return RemindTime(reminder);
}

Time DueTime(const Task& task) {
  return ToTime(task.due_time());
}

Time RemindTime(const Reminder& reminder) {
  return ToTime(reminder.remind_time());
}

}  // namespace crm::activities
