#include "services/activities/task_service.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/activities/v1/activity_service.pb.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/entity/standard_methods.h"
#include "libs/entity/text.h"
#include "libs/people/people.h"
#include "services/activities/day.h"
#include "services/activities/hand_over.h"
#include "services/activities/schedule.h"
#include "services/activities/task.h"

namespace crm::activities {

using google::protobuf::Message;
using v1::CancelTaskRequest;
using v1::CompleteTaskRequest;
using v1::MyDayRequest;
using v1::MyDayResponse;
using v1::Note;
using v1::ReassignTaskRequest;
using v1::Reminder;
using v1::Task;

namespace {

constexpr size_t kMostInADay = 500;

// The caller, where that is a person.
std::string Person(const Call& call) {
  const std::string& name = call.principal().name;
  return name.starts_with("users/") ? name : "";
}

Result<Task> LoadOpen(Call& call, const std::string& name) {
  auto task = call.Load<Task>(name);
  if (!task.ok()) return task;
  if (auto status = CheckOpen(*task); !status.ok()) return status;
  return task;
}

Result<Task> CompleteTask(Call& call, const CompleteTaskRequest& request) {
  if (auto status = entity::CheckText(request.result(), "result", 4000); !status.ok())
    return status;
  auto task = LoadOpen(call, request.name());
  if (!task.ok()) return task;
  Close(Task::DONE, request.result(), call.now(), *task);
  v1::TaskCompleted fact;
  fact.set_result(request.result());
  if (auto status = StoreTask(call, *task, fact); !status.ok()) return status;
  return task;
}

Result<Task> CancelTask(Call& call, const CancelTaskRequest& request) {
  if (auto status = entity::CheckText(request.reason(), "reason", 4000); !status.ok())
    return status;
  auto task = LoadOpen(call, request.name());
  if (!task.ok()) return task;
  Close(Task::CANCELLED, request.reason(), call.now(), *task);
  v1::TaskCancelled fact;
  fact.set_reason(request.reason());
  if (auto status = StoreTask(call, *task, fact); !status.ok()) return status;
  return task;
}

Result<Task> ReassignTask(Call& call, const ReassignTaskRequest& request) {
  auto task = LoadOpen(call, request.name());
  if (!task.ok()) return task;
  auto user = people::FindActiveUser(call, request.owner(), "owner");
  if (!user.ok()) return user.status();
  v1::TaskHandedOver fact;
  fact.set_previous_owner(task->owner());
  fact.set_reason(request.reason());
  task->set_owner(user->name());
  task->set_department(user->department());
  if (auto status = StoreTask(call, *task, fact); !status.ok()) return status;
  return task;
}

// All records of a type whose filter fits, in the order of a field.
template <class M>
Status ListInto(Call& call, const std::string& text, const char* order,
                google::protobuf::RepeatedPtrField<M>& records) {
  const RecordType& type = call.types().Of(M::descriptor());
  auto filter = filter::ParseAndCheck(text, type.filter_schema());
  if (!filter.ok()) return filter.status();
  ListQuery query;
  query.type = &type;
  query.filter = &*filter;
  query.order = {{order, false}};
  query.limit = kMostInADay;
  auto listed = call.List(query);
  if (!listed.ok()) return listed.status();
  for (const auto& item : *listed) {
    if (auto status = DecodeRecord(item.record.body, *records.Add()); !status.ok()) return status;
  }
  return Status::Ok();
}

Result<MyDayResponse> MyDay(Call& call, const MyDayRequest& request) {
  auto until = EndOfDay(call.now(), request.time_zone());
  if (!until) return InvalidField("time_zone", "must be an IANA zone like Asia/Jerusalem");
  std::string owner = "owner = \"" + call.principal().name + "\"";
  std::string before = "\"" + FormatTime(*until) + "\"";
  MyDayResponse response;
  auto status = ListInto(call, owner + " AND state = OPEN AND due_time < " + before, "due_time",
                         *response.mutable_tasks());
  if (!status.ok()) return status;
  status = ListInto(call, owner + " AND state = PENDING AND remind_time < " + before, "remind_time",
                    *response.mutable_reminders());
  if (!status.ok()) return status;
  *response.mutable_until_time() = ToTimestamp(*until);
  return response;
}

entity::HooksOf<Task> TaskHooks() {
  entity::HooksOf<Task> hooks;
  hooks.defaults = [](Call& call, Task& task) {
    task.set_state(Task::OPEN);
    if (task.owner().empty()) task.set_owner(Person(call));
    if (task.owner().empty() || !task.department().empty()) return Status::Ok();
    // Only a convenience: a task is not refused because identity does not answer.
    auto user = people::FindUser(call, task.owner());
    if (user.ok() && *user) task.set_department((*user)->department());
    return Status::Ok();
  };
  return hooks;
}

entity::HooksOf<Note> NoteHooks() {
  entity::HooksOf<Note> hooks;
  hooks.defaults = [](Call& call, Note& note) {
    note.set_author(call.principal().name);
    if (note.kind() == Note::KIND_UNSPECIFIED) note.set_kind(Note::TEXT);
    return Status::Ok();
  };
  return hooks;
}

entity::HooksOf<Reminder> ReminderHooks() {
  entity::HooksOf<Reminder> hooks;
  hooks.defaults = [](Call& call, Reminder& reminder) {
    reminder.set_state(Reminder::PENDING);
    if (reminder.owner().empty()) reminder.set_owner(Person(call));
    return Status::Ok();
  };
  hooks.before_update = [](Call&, const Reminder& before, Reminder& after) {
    if (RemindTime(before) != RemindTime(after)) after.set_state(Reminder::PENDING);
    return Status::Ok();
  };
  return hooks;
}

// Standard methods whose writes also move the record's timer.
template <class M>
std::vector<MethodBinding> Scheduled(std::vector<MethodBinding> methods) {
  for (auto& method : methods) {
    if (method.method->output_type() != M::descriptor() ||
        method.method->name().starts_with("Get")) {
      continue;
    }
    method.unary = [inner = method.unary](
                       Call& call, const Message& request) -> Result<std::unique_ptr<Message>> {
      auto response = inner(call, request);
      if (!response.ok()) return response;
      auto status = Reschedule(call, dynamic_cast<const M&>(**response));
      if (!status.ok()) return status;
      return response;
    };
  }
  return methods;
}

}  // namespace

std::vector<MethodBinding> ActivityMethods(const RecordTypes& types,
                                           const entity::Settings& settings) {
  const auto* tasks = entity::FindService("crm.activities.v1.TaskService");
  auto methods = Scheduled<Task>(
      entity::StandardMethods(tasks, types.Of(Task::descriptor()), settings, TaskHooks()));
  auto notes = entity::StandardMethods(entity::FindService("crm.activities.v1.NoteService"),
                                       types.Of(Note::descriptor()), settings, NoteHooks());
  auto reminders = Scheduled<Reminder>(
      entity::StandardMethods(entity::FindService("crm.activities.v1.ReminderService"),
                              types.Of(Reminder::descriptor()), settings, ReminderHooks()));
  methods.insert(methods.end(), notes.begin(), notes.end());
  methods.insert(methods.end(), reminders.begin(), reminders.end());
  methods.push_back(Bind<CompleteTaskRequest, Task>(tasks, "CompleteTask", CompleteTask));
  methods.push_back(Bind<CancelTaskRequest, Task>(tasks, "CancelTask", CancelTask));
  methods.push_back(Bind<ReassignTaskRequest, Task>(tasks, "ReassignTask", ReassignTask));
  methods.push_back(people::BindHandOver<v1::HandOverTasksRequest, v1::HandOverTasksResponse>(
      tasks, "HandOverTasks", ActivityHandOvers(types)));
  methods.push_back(Bind<MyDayRequest, MyDayResponse>(tasks, "MyDay", MyDay));
  return methods;
}

}  // namespace crm::activities
