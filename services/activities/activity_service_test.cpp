// The activities service on a CallHarness; identity answers for one user.
#include <gtest/gtest.h>

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/activities/v1/activity_service.pb.h"
#include "crm/identity/v1/identity_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "libs/people/test_people.h"
#include "libs/testing/deliver.h"
#include "services/activities/day.h"
#include "services/activities/hand_over.h"
#include "services/activities/lead_consumer.h"
#include "services/activities/module.h"
#include "services/activities/schedule.h"

namespace crm::activities {
namespace {

using leads::v1::Lead;
using v1::Reminder;
using v1::Task;

constexpr char kSales[] = "departments/00000000-0000-7000-8000-00000000000d";
constexpr char kAnna[] = "users/00000000-0000-7000-8000-000000000001";
constexpr char kBoris[] = "users/00000000-0000-7000-8000-000000000002";
constexpr char kLead[] = "leads/00000000-0000-7000-8000-000000000077";

entity::Settings TestSettings() {
  static const auto tokens = *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  entity::Settings settings;
  settings.page_tokens = &tokens;
  return settings;
}

class Activities : public ::testing::Test {
 protected:
  Activities() {
    service_.Bind(Methods(service_.types(), TestSettings()));
    anna_ = service_.User("*.*");
    anna_.name = kAnna;
    people_.head = kBoris;
  }

  template <class Response>
  Response Do(const char* method, const google::protobuf::Message& request) {
    auto response = service_.Call<Response>(method, request, anna_);
    EXPECT_TRUE(response.ok()) << method << ": " << response.status().ToString();
    return response.ok() ? *response : Response();
  }

  void Set(google::protobuf::Timestamp& field, Duration from_now) {
    field.set_seconds(std::chrono::duration_cast<std::chrono::seconds>(
                          (service_.clock().Now() + from_now).time_since_epoch())
                          .count());
  }

  Task CreateTask(const std::string& name, Duration due) {
    v1::CreateTaskRequest request;
    request.mutable_task()->set_display_name(name);
    Set(*request.mutable_task()->mutable_due_time(), due);
    return Do<Task>("CreateTask", request);
  }

  Task Get(const std::string& name) {
    v1::GetTaskRequest request;
    request.set_name(name);
    return Do<Task>("GetTask", request);
  }

  leads::v1::LeadEvent NewLead() {
    leads::v1::LeadEvent event;
    Lead& lead = *event.mutable_lead();
    lead.set_name(kLead);
    lead.set_display_name("Dana");
    lead.set_state(Lead::NEW);
    lead.set_owner(kAnna);
    lead.set_department(kSales);
    Set(*lead.mutable_contact_due_time(), std::chrono::minutes(15));
    event.mutable_assigned();
    return event;
  }

  void Deliver(const leads::v1::LeadEvent& event) {
    auto status = test::Deliver(service_, LeadsConsumer(), event);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  std::vector<Task> Tasks() {
    auto tasks = Do<v1::ListTasksResponse>("ListTasks", v1::ListTasksRequest());
    return {tasks.tasks().begin(), tasks.tasks().end()};
  }

  std::vector<Reminder> Reminders() {
    auto answer = Do<v1::ListRemindersResponse>("ListReminders", v1::ListRemindersRequest());
    return {answer.reminders().begin(), answer.reminders().end()};
  }

  int CountLog(const std::string& type) {
    int count = 0;
    for (const auto& row : service_.Log()) count += row.type() == type ? 1 : 0;
    return count;
  }

  int Fire(Duration later) {
    service_.clock().Advance(later);
    return test::FireTimers(service_, Timers());
  }

  people::TestPeople people_{kSales};
  test::CallHarness service_{Records(), {.remote = &people_}};
  Principal anna_;
};

using L08 = Activities;
using L09 = Activities;
using L10 = Activities;
using C12 = Activities;

TEST_F(L08, ANewLeadHasExactlyOneContactTaskHoweverOftenItsEventComes) {
  Deliver(NewLead());
  Deliver(NewLead());
  auto tasks = Tasks();
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].kind(), "contact_lead");
  EXPECT_EQ(tasks[0].subject(), kLead);
  EXPECT_EQ(tasks[0].owner(), kAnna);
  EXPECT_EQ(tasks[0].due_time().seconds(), NewLead().lead().contact_due_time().seconds());
}

TEST_F(L08, TheTaskFollowsTheLeadsOwnerAndEndsWithTheFirstContact) {
  auto event = NewLead();
  Deliver(event);
  event.mutable_lead()->set_owner(kBoris);
  Deliver(event);
  EXPECT_EQ(Tasks()[0].owner(), kBoris);
  EXPECT_EQ(CountLog("crm.activities.v1.TaskHandedOver"), 1);
  event.mutable_lead()->set_state(Lead::WORKING);
  event.mutable_contacted();
  Deliver(event);
  EXPECT_EQ(Tasks()[0].state(), Task::DONE);
  EXPECT_EQ(Fire(std::chrono::hours(1)), 0) << "nothing is overdue any more";
}

TEST_F(L08, TheTaskOfADisqualifiedLeadIsCancelled) {
  auto event = NewLead();
  Deliver(event);
  event.mutable_lead()->set_state(Lead::DISQUALIFIED);
  event.mutable_lead()->set_disqualified_reason("a test");
  Deliver(event);
  EXPECT_EQ(Tasks()[0].state(), Task::CANCELLED);
  EXPECT_EQ(Tasks()[0].result(), "a test");
}

TEST_F(L09, ATaskBecomesOverdueOncePerDueTimeAndSaysHowLateThatWasSeen) {
  Task task = CreateTask("Call", std::chrono::minutes(15));
  EXPECT_EQ(Fire(std::chrono::minutes(14)), 0);
  EXPECT_EQ(Fire(std::chrono::minutes(3)), 1);
  EXPECT_TRUE(Get(task.name()).overdue());
  v1::TaskEvent event;
  ASSERT_TRUE(DecodeRecord(service_.Log().back().body(), event).ok());
  EXPECT_EQ(event.became_overdue().lateness_seconds(), 120);
  // Another change does not make it overdue again, another due time does.
  v1::UpdateTaskRequest update;
  update.mutable_task()->set_name(task.name());
  update.mutable_task()->set_description("urgent");
  update.mutable_update_mask()->add_paths("description");
  Do<Task>("UpdateTask", update);
  EXPECT_EQ(Fire(std::chrono::hours(1)), 0);
  update.mutable_update_mask()->set_paths(0, "due_time");
  Set(*update.mutable_task()->mutable_due_time(), std::chrono::minutes(5));
  Do<Task>("UpdateTask", update);
  EXPECT_EQ(Fire(std::chrono::minutes(5)), 1);
  EXPECT_EQ(CountLog("crm.activities.v1.TaskBecameOverdue"), 2);
}

TEST_F(L10, AReminderFiresOnceAtItsTimeAlsoWhenThatWasMoved) {
  v1::CreateReminderRequest request;
  request.mutable_reminder()->set_subject(kLead);
  Set(*request.mutable_reminder()->mutable_remind_time(), std::chrono::minutes(10));
  auto reminder = Do<Reminder>("CreateReminder", request);
  EXPECT_EQ(reminder.owner(), kAnna);
  v1::UpdateReminderRequest update;
  *update.mutable_reminder() = reminder;
  Set(*update.mutable_reminder()->mutable_remind_time(), std::chrono::minutes(30));
  update.mutable_update_mask()->add_paths("remind_time");
  Do<Reminder>("UpdateReminder", update);
  EXPECT_EQ(Fire(std::chrono::minutes(10)), 0);
  EXPECT_EQ(Fire(std::chrono::minutes(20)), 1);
  EXPECT_EQ(Reminders()[0].state(), Reminder::FIRED);
}

TEST_F(L10, ALeadsTimeToCallBackIsOneReminderThatFollowsIt) {
  auto event = NewLead();
  Set(*event.mutable_lead()->mutable_call_back_time(), std::chrono::hours(2));
  Deliver(event);
  Deliver(event);
  ASSERT_EQ(Reminders().size(), 1u);
  event.mutable_lead()->clear_call_back_time();
  Deliver(event);
  EXPECT_EQ(Reminders().size(), 0u);
  Set(*event.mutable_lead()->mutable_call_back_time(), std::chrono::hours(3));
  Deliver(event);
  ASSERT_EQ(Reminders().size(), 1u);
  EXPECT_EQ(Reminders()[0].state(), Reminder::PENDING);
  EXPECT_EQ(Fire(std::chrono::hours(3)), 2) << "the task and the reminder";
}

TEST_F(C12, WhoLeavesKeepsNoOpenTask) {
  Task task = CreateTask("Call", std::chrono::hours(1));
  v1::CompleteTaskRequest complete;
  complete.set_name(CreateTask("Mail", std::chrono::hours(1)).name());
  Do<Task>("CompleteTask", complete);
  identity::v1::UserEvent event;
  event.mutable_user()->set_name(kAnna);
  event.mutable_user()->set_department(kSales);
  event.mutable_dismissed();
  ASSERT_TRUE(test::Deliver(service_,
                            ActivityHandOvers(service_.types())->Consumer("activities.on_identity"),
                            event)
                  .ok());
  EXPECT_EQ(Get(task.name()).owner(), kBoris);
  EXPECT_EQ(Get(complete.name()).owner(), kAnna);
}

TEST_F(C12, TheTimerOfATaskGoesWithItAndRemindersMoveOnlyWhereTheyAreOfUse) {
  CreateTask("Call", std::chrono::hours(1));
  v1::CreateReminderRequest request;
  request.mutable_reminder()->set_subject(kLead);
  Set(*request.mutable_reminder()->mutable_remind_time(), std::chrono::hours(2));
  Do<Reminder>("CreateReminder", request);
  v1::HandOverTasksRequest hand_over;
  hand_over.set_from(kAnna);
  hand_over.set_to(kBoris);
  Principal manager = service_.User("*.hand_over", Scope::kDepartment);
  manager.departments = {kSales};
  auto moved = service_.Call<v1::HandOverTasksResponse>("HandOverTasks", hand_over, manager);
  ASSERT_TRUE(moved.ok()) << moved.status().ToString();
  EXPECT_EQ(moved->moved(), 1) << "reminders are in no department";
  EXPECT_EQ(Tasks()[0].owner(), kBoris);
  EXPECT_EQ(Reminders()[0].owner(), kAnna);
  EXPECT_EQ(Fire(std::chrono::hours(1)), 1);
  EXPECT_TRUE(Tasks()[0].overdue());
  moved = service_.Call<v1::HandOverTasksResponse>("HandOverTasks", hand_over);
  ASSERT_TRUE(moved.ok()) << moved.status().ToString();
  EXPECT_EQ(moved->moved(), 1);
  EXPECT_EQ(Reminders()[0].owner(), kBoris);
  EXPECT_EQ(Fire(std::chrono::hours(1)), 1);
}

TEST_F(Activities, OpenTasksAreCompletedCancelledOrReassignedOnce) {
  v1::CompleteTaskRequest complete;
  complete.set_name(CreateTask("Call", std::chrono::hours(1)).name());
  complete.set_result("will buy");
  EXPECT_EQ(Do<Task>("CompleteTask", complete).result(), "will buy");
  v1::CancelTaskRequest cancel;
  cancel.set_name(complete.name());
  EXPECT_EQ(service_.Call<Task>("CancelTask", cancel).status().reason(), "TASK_STATE");
  v1::ReassignTaskRequest reassign;
  reassign.set_name(complete.name());
  reassign.set_owner(kBoris);
  EXPECT_EQ(service_.Call<Task>("ReassignTask", reassign).status().reason(), "TASK_STATE");
  reassign.set_name(CreateTask("Mail", std::chrono::hours(1)).name());
  EXPECT_EQ(Do<Task>("ReassignTask", reassign).owner(), kBoris);
}

TEST_F(Activities, MyDayIsWhatTheCallerHasToDoUntilMidnightInTheirZone) {
  CreateTask("today", std::chrono::hours(5));
  CreateTask("late tonight", std::chrono::hours(14));
  v1::MyDayRequest request;
  request.set_time_zone("Asia/Jerusalem");  // 09:00 UTC is 11:00 there, midnight in 13 hours
  auto day = Do<v1::MyDayResponse>("MyDay", request);
  ASSERT_EQ(day.tasks_size(), 1);
  EXPECT_EQ(day.tasks(0).display_name(), "today");
  request.clear_time_zone();
  EXPECT_EQ(Do<v1::MyDayResponse>("MyDay", request).tasks_size(), 2);
  auto other = service_.Call<v1::MyDayResponse>("MyDay", request);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->tasks_size(), 0);
  request.set_time_zone("Mars/Olympus");
  EXPECT_EQ(service_.Call<v1::MyDayResponse>("MyDay", request).status().reason(), "INVALID_FIELD");
}

TEST(EndOfDay, IsRightOnTheDayOnWhichClocksChange) {
  // Israel, 2026-03-27: clocks go forward at 02:00, so the day has 23 hours.
  auto before = EndOfDay(*ParseTime("2026-03-26T23:00:00Z"), "Asia/Jerusalem");
  EXPECT_EQ(FormatTime(*before), "2026-03-27T21:00:00Z");
  auto day_before = EndOfDay(*ParseTime("2026-03-26T12:00:00Z"), "Asia/Jerusalem");
  EXPECT_EQ(FormatTime(*day_before), "2026-03-26T22:00:00Z");
}

}  // namespace
}  // namespace crm::activities
