// The timers of tasks and reminders. Whatever stores one of them calls Reschedule in the same call,
// so the timer is in the commit of the change: set, moved or cancelled.
#pragma once

#include <vector>

#include "crm/activities/v1/activity.pb.h"
#include "libs/command/call.h"
#include "libs/timers/timers.h"

namespace crm::activities {

Status Reschedule(Call& call, const v1::Task& task);
Status Reschedule(Call& call, const v1::Reminder& reminder);

// Store and Reschedule.
Status StoreTask(Call& call, const v1::Task& task, const google::protobuf::Message& fact);
Status StoreReminder(Call& call, const v1::Reminder& reminder,
                     const google::protobuf::Message& fact);

// A due time that passes makes an open task overdue, once; a reminder fires once. Late after an
// outage, and they say how late.
std::vector<TimerHandler> Timers();

}  // namespace crm::activities
