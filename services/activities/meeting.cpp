#include "services/activities/meeting.h"

#include "libs/command/timestamps.h"

namespace crm::activities {

using v1::Meeting;

Status CheckTimes(const Meeting& meeting) {
  if (ToTime(meeting.start_time()) < ToTime(meeting.end_time())) return Status::Ok();
  return InvalidField("meeting.end_time", "must be after start_time");
}

Status Close(Meeting::State state, const std::string& result, Meeting& meeting) {
  if (meeting.state() != Meeting::PLANNED) {
    std::string is = Meeting::State_Name(meeting.state());
    return FailedPrecondition("MEETING_STATE",
                              "The meeting is " + is + "; only planned ones are held or cancelled.")
        .With("name", meeting.name())
        .With("state", is);
  }
  meeting.set_state(state);
  meeting.set_result(result);
  return Status::Ok();
}

}  // namespace crm::activities
