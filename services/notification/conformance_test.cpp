// The suite that every entity passes, over those of this service.
#include "libs/entity/conformance.h"

#include "crm/notification/v1/notification.pb.h"
#include "services/notification/module.h"

namespace crm::notification {
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

INSTANTIATE_TEST_SUITE_P(Notification, Conformance,
                         ::testing::ValuesIn(entity::ConformanceCases(
                             {.records = Records(),
                              .methods = TestMethods,
                              .migrations = "services/notification/migrations",
                              .entities = {{"crm.notification.v1.NotificationService",
                                            v1::Notification::descriptor()}}})),
                         entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::notification
