// The suite that every entity passes, over those of this service.
#include "libs/entity/conformance.h"

#include "crm/activities/v1/activity.pb.h"
#include "services/activities/module.h"

namespace crm::activities {
namespace {

std::vector<MethodBinding> TestMethods(const RecordTypes& types) {
  static const auto tokens = *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  entity::Settings settings;
  settings.page_tokens = &tokens;
  return Methods(types, settings);
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
         .entities = {{"crm.activities.v1.TaskService", v1::Task::descriptor()},
                      {"crm.activities.v1.NoteService", v1::Note::descriptor()},
                      {"crm.activities.v1.ReminderService", v1::Reminder::descriptor()}}})),
    entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::activities
