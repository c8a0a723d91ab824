// The suite that every entity passes, over those of this service.
#include "libs/entity/conformance.h"

#include "crm/activities/v1/activity.pb.h"
#include "crm/activities/v1/meeting.pb.h"
#include "libs/command/timestamps.h"
#include "services/activities/module.h"

namespace crm::activities {
namespace {

std::vector<MethodBinding> TestMethods(const RecordTypes& types) {
  static const auto tokens = *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  entity::Settings settings;
  settings.page_tokens = &tokens;
  return Methods(types, settings);
}

constexpr char kOwner[] = "users/00000000-0000-7000-8000-000000000001";

// What a client leaves out is the caller's; the suite compares what it reads with what it sent.
void AdjustTask(entity::ConformanceHost&, google::protobuf::Message& example, int) {
  auto& task = dynamic_cast<v1::Task&>(example);
  if (task.owner().empty()) task.set_owner(kOwner);
}

void AdjustNote(entity::ConformanceHost&, google::protobuf::Message& example, int) {
  auto& note = dynamic_cast<v1::Note&>(example);
  if (note.kind() == v1::Note::KIND_UNSPECIFIED) note.set_kind(v1::Note::CALL);
}

void AdjustReminder(entity::ConformanceHost&, google::protobuf::Message& example, int) {
  auto& reminder = dynamic_cast<v1::Reminder&>(example);
  if (reminder.owner().empty()) reminder.set_owner(kOwner);
}

void AdjustMeeting(entity::ConformanceHost&, google::protobuf::Message& example, int) {
  auto& meeting = dynamic_cast<v1::Meeting&>(example);
  if (meeting.owner().empty()) meeting.set_owner(kOwner);
  *meeting.mutable_end_time() = ToTimestamp(ToTime(meeting.start_time()) + std::chrono::hours(1));
}

class Conformance : public entity::ConformanceTest {};

TEST_P(Conformance, Holds) {
  Run();
}

INSTANTIATE_TEST_SUITE_P(
    Activities, Conformance,
    ::testing::ValuesIn(entity::ConformanceCases(
        {.records = Records(),
         .methods = TestMethods,
         .migrations = "services/activities/migrations",
         .entities = {{"crm.activities.v1.TaskService", v1::Task::descriptor(), AdjustTask},
                      {"crm.activities.v1.NoteService", v1::Note::descriptor(), AdjustNote},
                      {"crm.activities.v1.ReminderService", v1::Reminder::descriptor(),
                       AdjustReminder},
                      {"crm.activities.v1.MeetingService",
                       v1::Meeting::descriptor(),
                       AdjustMeeting,
                       {"start_time", "end_time"}}}})),
    entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::activities
