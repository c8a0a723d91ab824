// What can become of a task. Pure.
#pragma once

#include <optional>
#include <string>

#include "crm/activities/v1/activity.pb.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace crm::activities {

// OK where the task is open; else FAILED_PRECONDITION with reason TASK_STATE and metadata name and
// state.
Status CheckOpen(const v1::Task& task);

// Done or cancelled now, with what came of it.
void Close(v1::Task::State state, const std::string& result, Time now, v1::Task& task);

// When the task is to be looked at for being overdue; nullopt: not at all, or its due time was
// noticed already.
std::optional<Time> NoticeTime(const v1::Task& task);

// When the reminder is to fire; nullopt: not at all.
std::optional<Time> FireTime(const v1::Reminder& reminder);

Time DueTime(const v1::Task& task);
Time RemindTime(const v1::Reminder& reminder);

}  // namespace crm::activities
