#include "services/activities/hand_over.h"

#include <functional>

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/activities/v1/meeting_events.pb.h"
#include "libs/command/record_codec.h"
#include "libs/people/people.h"
#include "services/activities/schedule.h"

namespace crm::activities {

using v1::HandOverTasksRequest;
using v1::HandOverTasksResponse;
using v1::Meeting;
using v1::Reminder;
using v1::Task;

namespace {

constexpr char kTimer[] = "hand_over";
constexpr size_t kMostInOneCall = 200;

// Those of a type that the person owns and that are in the state.
Result<std::vector<ListedRecord>> ListOwned(Call& call, const RecordType& type,
                                            const std::string& owner, const std::string& state) {
  auto owned = filter::FieldEquals(type.filter_schema(), "owner", owner);
  if (!owned.ok()) return owned.status();
  auto in_state = filter::FieldEquals(type.filter_schema(), "state", state);
  if (!in_state.ok()) return in_state.status();
  auto filter = owned->And(*in_state);
  ListQuery query;
  query.type = &type;
  query.filter = &filter;
  query.limit = kMostInOneCall;
  return call.List(query);
}

// One call's worth of those of M in the state: each has its new owner when it is given to `store`.
// How many were looked at.
template <class M>
Result<size_t> MoveOwned(Call& call, const HandOverTasksRequest& request, typename M::State state,
                         const std::function<Status(M&)>& store, HandOverTasksResponse& response) {
  const RecordType& type = call.types().Of(M::descriptor());
  auto listed = ListOwned(call, type, request.from(), M::State_Name(state));
  if (!listed.ok()) return listed.status();
  for (const auto& item : *listed) {
    auto record = call.Find<M>(type.Name(item.record.id));
    if (!record.ok()) return record.status();
    bool still = *record && !(*record)->has_delete_time() && (*record)->owner() == request.from() &&
                 (*record)->state() == state;
    if (!still) continue;
    (*record)->set_owner(request.to());
    if (auto status = store(**record); !status.ok()) return status;
    response.set_moved(response.moved() + 1);
  }
  return listed->size();
}

Result<size_t> MoveTasks(Call& call, const HandOverTasksRequest& request,
                         const std::string& department, HandOverTasksResponse& response) {
  v1::TaskHandedOver fact;
  fact.set_previous_owner(request.from());
  fact.set_reason(request.reason());
  auto store = [&](Task& task) {
    if (!department.empty()) task.set_department(department);
    return StoreTask(call, task, fact);
  };
  return MoveOwned<Task>(call, request, Task::OPEN, store, response);
}

Result<size_t> MoveMeetings(Call& call, const HandOverTasksRequest& request,
                            const std::string& department, HandOverTasksResponse& response) {
  v1::MeetingHandedOver fact;
  fact.set_previous_owner(request.from());
  fact.set_reason(request.reason());
  auto store = [&](Meeting& meeting) {
    if (!department.empty()) meeting.set_department(department);
    return call.Store(meeting, fact);
  };
  return MoveOwned<Meeting>(call, request, Meeting::PLANNED, store, response);
}

Result<size_t> MoveReminders(Call& call, const HandOverTasksRequest& request,
                             HandOverTasksResponse& response) {
  auto store = [&](Reminder& reminder) {
    return StoreReminder(call, reminder, v1::ReminderUpdated());
  };
  return MoveOwned<Reminder>(call, request, Reminder::PENDING, store, response);
}

// `to` empty: tasks and meetings go back to their departments and reminders stay, since nobody else
// could use them.
Result<HandOverTasksResponse> Move(Call& call, const HandOverTasksRequest& request) {
  std::string department;
  if (!request.to().empty()) {
    auto user = people::FindActiveUser(call, request.to(), "to");
    if (!user.ok()) return user.status();
    department = user->department();
  }
  HandOverTasksResponse response;
  auto tasks = MoveTasks(call, request, department, response);
  if (!tasks.ok()) return tasks.status();
  auto meetings = MoveMeetings(call, request, department, response);
  if (!meetings.ok()) return meetings.status();
  bool more = *tasks == kMostInOneCall || *meetings == kMostInOneCall;
  if (!request.to().empty()) {
    auto reminders = MoveReminders(call, request, response);
    if (!reminders.ok()) return reminders.status();
    more = more || *reminders == kMostInOneCall;
  }
  if (!more) return response;
  response.set_pending(true);
  if (auto status = call.SetTimer(kTimer, request.from(), call.now(), request); !status.ok()) {
    return status;
  }
  return response;
}

}  // namespace

Result<HandOverTasksResponse> HandOverTasks(Call& call, const HandOverTasksRequest& request) {
  if (request.from().empty()) return InvalidField("from", "is required");
  if (request.to().empty()) return InvalidField("to", "is required");
  if (request.to() == request.from()) return InvalidField("to", "is the same person");
  return Move(call, request);
}

Status HandOverOf(Call& call, const identity::v1::User& user,
                  const identity::v1::UserDismissed& fact) {
  HandOverTasksRequest request;
  request.set_from(user.name());
  request.set_to(fact.successor());
  request.set_reason(user.display_name() + " has left");
  if (request.to().empty()) {
    auto superior = people::SuperiorOf(call, user);
    if (!superior.ok()) return superior.status();
    request.set_to(*superior);
  }
  auto moved = Move(call, request);
  // Whoever was to take over has left as well by now: the department has it.
  if (!moved.ok() && moved.status().reason() == "USER_DISMISSED") {
    request.clear_to();
    moved = Move(call, request);
  }
  return moved.status();
}

TimerHandler HandOverTimer() {
  return {kTimer, [](Call& call, const FiredTimer& fired) {
            HandOverTasksRequest request;
            if (auto status = DecodeRecord(fired.timer.payload(), request); !status.ok()) {
              return status;
            }
            return Move(call, request).status();
          }};
}

}  // namespace crm::activities
