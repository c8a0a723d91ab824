#include "services/activities/hand_over.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/activities/v1/meeting_events.pb.h"
#include "services/activities/schedule.h"

namespace crm::activities {

using google::protobuf::Message;
using v1::Reminder;
using v1::Task;

namespace {

Status StoreMovedTask(Call& call, const Message& task, const kernel::v1::HandOver& what) {
  v1::TaskHandedOver fact;
  fact.set_previous_owner(what.from());
  fact.set_reason(what.reason());
  return StoreTask(call, dynamic_cast<const Task&>(task), fact);
}

Status StoreMovedReminder(Call& call, const Message& reminder, const kernel::v1::HandOver&) {
  return StoreReminder(call, dynamic_cast<const Reminder&>(reminder), v1::ReminderUpdated());
}

}  // namespace

std::shared_ptr<const people::HandOvers> ActivityHandOvers(const RecordTypes& types) {
  return std::make_shared<const people::HandOvers>(std::vector<people::Movable>{
      {.type = &types.Of(Task::descriptor()), .condition = "state = OPEN", .store = StoreMovedTask},
      {.type = &types.Of(v1::Meeting::descriptor()), .condition = "state = PLANNED"},
      {.type = &types.Of(Reminder::descriptor()),
       .condition = "state = PENDING",
       .store = StoreMovedReminder,
       .personal = true}});
}

}  // namespace crm::activities
