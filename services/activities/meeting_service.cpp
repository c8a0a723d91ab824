#include "services/activities/meeting_service.h"

#include "crm/activities/v1/meeting_events.pb.h"
#include "crm/activities/v1/meeting_service.pb.h"
#include "libs/entity/standard_methods.h"
#include "libs/entity/text.h"
#include "libs/people/people.h"
#include "services/activities/meeting.h"

namespace crm::activities {

using v1::CancelMeetingRequest;
using v1::CompleteMeetingRequest;
using v1::Meeting;

namespace {

constexpr size_t kLongestText = 4000;

Result<Meeting> CompleteMeeting(Call& call, const CompleteMeetingRequest& request) {
  auto status = entity::CheckText(request.result(), "result", kLongestText);
  if (!status.ok()) return status;
  auto meeting = call.Load<Meeting>(request.name());
  if (!meeting.ok()) return meeting;
  status = Close(Meeting::HELD, request.result(), *meeting);
  if (!status.ok()) return status;
  v1::MeetingHeld fact;
  fact.set_result(request.result());
  status = call.Store(*meeting, fact);
  if (!status.ok()) return status;
  return meeting;
}

Result<Meeting> CancelMeeting(Call& call, const CancelMeetingRequest& request) {
  auto status = entity::CheckText(request.reason(), "reason", kLongestText);
  if (!status.ok()) return status;
  auto meeting = call.Load<Meeting>(request.name());
  if (!meeting.ok()) return meeting;
  status = Close(Meeting::CANCELLED, request.reason(), *meeting);
  if (!status.ok()) return status;
  v1::MeetingCancelled fact;
  fact.set_reason(request.reason());
  status = call.Store(*meeting, fact);
  if (!status.ok()) return status;
  return meeting;
}

entity::HooksOf<Meeting> Hooks() {
  entity::HooksOf<Meeting> hooks;
  hooks.defaults = [](Call& call, Meeting& meeting) {
    meeting.set_state(Meeting::PLANNED);
    const std::string& caller = call.principal().name;
    if (meeting.owner().empty() && caller.starts_with("users/")) meeting.set_owner(caller);
    if (meeting.owner().empty() || !meeting.department().empty()) return Status::Ok();
    // Only a convenience: a meeting is not refused because identity does not answer.
    auto user = people::FindUser(call, meeting.owner());
    if (user.ok() && *user) meeting.set_department((*user)->department());
    return Status::Ok();
  };
  hooks.validate = [](Call&, const Meeting*, Meeting& after) { return CheckTimes(after); };
  return hooks;
}

}  // namespace

std::vector<MethodBinding> MeetingMethods(const RecordTypes& types,
                                          const entity::Settings& settings) {
  const auto* service = entity::FindService("crm.activities.v1.MeetingService");
  auto methods =
      entity::StandardMethods(service, types.Of(Meeting::descriptor()), settings, Hooks());
  methods.push_back(
      Bind<CompleteMeetingRequest, Meeting>(service, "CompleteMeeting", CompleteMeeting));
  methods.push_back(Bind<CancelMeetingRequest, Meeting>(service, "CancelMeeting", CancelMeeting));
  return methods;
}

}  // namespace crm::activities
