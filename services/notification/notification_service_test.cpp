// The notification service on a CallHarness; identity knows one department and its head.
#include <gtest/gtest.h>

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/identity/v1/user_service.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "crm/notification/v1/notification_service.pb.h"
#include "libs/entity/conformance.h"
#include "libs/testing/deliver.h"
#include "services/notification/consumers.h"
#include "services/notification/module.h"

namespace crm::notification {
namespace {

using v1::Notification;

constexpr char kSales[] = "departments/00000000-0000-7000-8000-00000000000d";
constexpr char kAnna[] = "users/00000000-0000-7000-8000-000000000001";
constexpr char kHead[] = "users/00000000-0000-7000-8000-000000000002";
constexpr char kBoss[] = "users/00000000-0000-7000-8000-000000000003";
constexpr char kTask[] = "tasks/00000000-0000-7000-8000-000000000077";

// Everybody is in one department; the boss is above everybody.
class People final : public RemoteReader {
 public:
  Status Read(const Principal&, const std::string&, const google::protobuf::Message& request,
              google::protobuf::Message& response, std::stop_token) override {
    if (auto* department = dynamic_cast<identity::v1::Department*>(&response)) {
      department->set_head(kHead);
      return Status::Ok();
    }
    auto& user = dynamic_cast<identity::v1::User&>(response);
    user.set_name(dynamic_cast<const identity::v1::GetUserRequest&>(request).name());
    user.set_department(kSales);
    user.set_manager(kBoss);
    return Status::Ok();
  }
};

const entity::PageTokens& Tokens() {
  static const auto tokens = *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  return tokens;
}

class Inbox : public ::testing::Test {
 protected:
  Inbox() {
    entity::Settings settings;
    settings.page_tokens = &Tokens();
    service_.Bind(Methods(service_.types(), settings));
  }

  // As that person, who may read and mark their own only.
  Principal Person(const std::string& name) {
    Principal person = service_.User("notification.*", Scope::kOwn);
    person.name = name;
    return person;
  }

  std::vector<Notification> Of(const std::string& user) {
    auto answer = service_.Call<v1::ListNotificationsResponse>(
        "ListNotifications", v1::ListNotificationsRequest(), Person(user));
    EXPECT_TRUE(answer.ok()) << answer.status().ToString();
    return {answer->notifications().begin(), answer->notifications().end()};
  }

  void Deliver(const events::EventConsumer& consumer, const google::protobuf::Message& event,
               const test::Envelope& envelope = {}) {
    auto status = test::Deliver(service_, consumer, event, envelope);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  activities::v1::TaskEvent Overdue(const std::string& owner, int64_t due) {
    activities::v1::TaskEvent event;
    event.mutable_task()->set_name(kTask);
    event.mutable_task()->set_display_name("Contact Dana");
    event.mutable_task()->set_owner(owner);
    event.mutable_task()->mutable_due_time()->set_seconds(due);
    event.mutable_became_overdue();
    return event;
  }

  People people_;
  test::CallHarness service_{Records(), {.remote = &people_}};
};

using L09 = Inbox;
using L10 = Inbox;

TEST_F(L09, TheHeadOfTheDepartmentIsToldOncePerDueTime) {
  Deliver(ActivitiesConsumer(), Overdue(kAnna, 1000));
  Deliver(ActivitiesConsumer(), Overdue(kAnna, 1000));
  auto told = Of(kHead);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind(), "task_overdue");
  EXPECT_EQ(told[0].subject(), kTask);
  EXPECT_EQ(told[0].title(), "Overdue: Contact Dana");
  EXPECT_EQ(told[0].state(), Notification::UNREAD);
  Deliver(ActivitiesConsumer(), Overdue(kAnna, 2000));
  EXPECT_EQ(Of(kHead).size(), 2u);
}

TEST_F(L09, TheHeadsOwnOverdueTasksGoToTheHeadsManager) {
  Deliver(ActivitiesConsumer(), Overdue(kHead, 1000));
  EXPECT_EQ(Of(kHead).size(), 0u);
  EXPECT_EQ(Of(kBoss).size(), 1u);
}

TEST_F(L10, AReminderThatFiredIsInItsOwnersInbox) {
  activities::v1::ReminderEvent event;
  event.mutable_reminder()->set_owner(kAnna);
  event.mutable_reminder()->set_text("Call Dana back");
  event.mutable_fired();
  Deliver(ActivitiesConsumer(), event, {.event_id = "e1"});
  Deliver(ActivitiesConsumer(), event, {.event_id = "e1"});
  ASSERT_EQ(Of(kAnna).size(), 1u);
  EXPECT_EQ(Of(kAnna)[0].title(), "Call Dana back");
}

TEST_F(Inbox, TellsOfLeadsAndTasksThatOthersGaveOne) {
  leads::v1::LeadEvent lead;
  lead.mutable_lead()->set_owner(kAnna);
  lead.mutable_lead()->set_display_name("Dana");
  lead.mutable_assigned();
  Deliver(LeadsConsumer(), lead, {.actor = kAnna});
  EXPECT_EQ(Of(kAnna).size(), 0u) << "one's own doing";
  Deliver(LeadsConsumer(), lead, {.actor = kHead});
  activities::v1::TaskEvent task;
  task.mutable_task()->set_owner(kAnna);
  task.mutable_handed_over()->set_reason("you know them");
  Deliver(ActivitiesConsumer(), task, {.actor = kHead});
  task.mutable_task()->set_kind("contact_lead");
  Deliver(ActivitiesConsumer(), task, {.actor = kHead});
  auto told = Of(kAnna);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].kind(), "lead_assigned");
  EXPECT_EQ(told[1].text(), "you know them");
}

TEST_F(Inbox, IsMarkedReadByItsOwnerOnly) {
  Deliver(ActivitiesConsumer(), Overdue(kAnna, 1000));
  v1::MarkReadRequest request;
  request.add_names(Of(kHead)[0].name());
  auto refused = service_.Call<v1::MarkReadResponse>("MarkRead", request, Person(kAnna));
  EXPECT_EQ(refused.status().code(), Code::kNotFound);
  auto read = service_.Call<v1::MarkReadResponse>("MarkRead", request, Person(kHead));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(Of(kHead)[0].state(), Notification::READ);
  EXPECT_TRUE(Of(kHead)[0].has_read_time());
  size_t events = service_.Log().size();
  ASSERT_TRUE(service_.Call<v1::MarkReadResponse>("MarkRead", request, Person(kHead)).ok());
  EXPECT_EQ(service_.Log().size(), events) << "nothing changed";
}

class Conformance : public entity::ConformanceTest {};
TEST_P(Conformance, Holds) {
  Run();
}
INSTANTIATE_TEST_SUITE_P(
    Notifications, Conformance,
    ::testing::ValuesIn(entity::ConformanceCases(
        {.records = Records(),
         .methods =
             [](const RecordTypes& types) {
               entity::Settings settings;
               settings.page_tokens = &Tokens();
               return Methods(types, settings);
             },
         .migrations = "services/notification/migrations",
         .entities = {{"crm.notification.v1.NotificationService", Notification::descriptor()}}})),
    entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::notification
