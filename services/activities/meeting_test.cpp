// Meetings on a CallHarness.
#include <gtest/gtest.h>

#include "crm/activities/v1/meeting_events.pb.h"
#include "crm/activities/v1/meeting_service.pb.h"
#include "crm/deals/v1/deal_events.pb.h"
#include "crm/identity/v1/identity_events.pb.h"
#include "libs/command/timestamps.h"
#include "libs/people/test_people.h"
#include "libs/testing/deliver.h"
#include "services/activities/deal_consumer.h"
#include "services/activities/hand_over.h"
#include "services/activities/module.h"

namespace crm::activities {
namespace {

using v1::Meeting;

constexpr char kDeal[] = "deals/00000000-0000-7000-8000-000000000077";
constexpr char kSuccessor[] = "users/00000000-0000-7000-8000-000000000002";
constexpr char kOtherDeal[] = "deals/00000000-0000-7000-8000-000000000078";

entity::Settings TestSettings() {
  static const auto tokens = *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  entity::Settings settings;
  settings.page_tokens = &tokens;
  return settings;
}

class Meetings : public ::testing::Test {
 protected:
  Meetings() { service_.Bind(Methods(service_.types(), TestSettings())); }

  Result<Meeting> Create(const std::string& subject, Duration length = std::chrono::hours(1)) {
    v1::CreateMeetingRequest request;
    Meeting& meeting = *request.mutable_meeting();
    meeting.set_display_name("Measure the windows");
    meeting.set_subject(subject);
    Time start = service_.clock().Now() + std::chrono::hours(24);
    *meeting.mutable_start_time() = ToTimestamp(start);
    *meeting.mutable_end_time() = ToTimestamp(start + length);
    return service_.Call<Meeting>("CreateMeeting", request);
  }

  Result<Meeting> Complete(const std::string& name) {
    v1::CompleteMeetingRequest request;
    request.set_name(name);
    request.set_result("twelve windows");
    return service_.Call<Meeting>("CompleteMeeting", request);
  }

  Meeting Get(const std::string& name) {
    v1::GetMeetingRequest request;
    request.set_name(name);
    return *service_.Call<Meeting>("GetMeeting", request);
  }

  void Deliver(const deals::v1::DealEvent& event) {
    auto status = test::Deliver(service_, DealsConsumer(), event);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  people::TestPeople people_{"departments/00000000-0000-7000-8000-00000000000d"};
  test::CallHarness service_{Records(), {.remote = &people_}};
};

TEST_F(Meetings, AreHeldOrCancelledOnceEachWithItsFact) {
  auto created = Create(kDeal);
  ASSERT_TRUE(created.ok()) << created.status().ToString();
  EXPECT_EQ(created->state(), Meeting::PLANNED);
  auto held = Complete(created->name());
  ASSERT_TRUE(held.ok()) << held.status().ToString();
  EXPECT_EQ(held->state(), Meeting::HELD);
  EXPECT_EQ(service_.Log().back().type(), "crm.activities.v1.MeetingHeld");
  v1::CancelMeetingRequest cancel;
  cancel.set_name(created->name());
  EXPECT_EQ(service_.Call<Meeting>("CancelMeeting", cancel).status().reason(), "MEETING_STATE");
  EXPECT_EQ(Complete(created->name()).status().reason(), "MEETING_STATE");
  cancel.set_name(Create(kDeal)->name());
  cancel.set_reason("ill");
  EXPECT_EQ(service_.Call<Meeting>("CancelMeeting", cancel)->state(), Meeting::CANCELLED);
  EXPECT_EQ(service_.Log().back().type(), "crm.activities.v1.MeetingCancelled");
}

TEST_F(Meetings, EndAfterTheyBegin) {
  auto refused = Create(kDeal, Duration(0));
  EXPECT_EQ(refused.status().reason(), "INVALID_FIELD");
  ASSERT_EQ(refused.status().field_violations().size(), 1u);
  EXPECT_EQ(refused.status().field_violations()[0].field, "meeting.end_time");
}

TEST_F(Meetings, OfADealThatIsLostAreCancelledIfTheyAreStillPlannedAndNoOthers) {
  std::string planned = Create(kDeal)->name();
  std::string held = Complete(Create(kDeal)->name())->name();
  std::string other = Create(kOtherDeal)->name();
  deals::v1::DealEvent event;
  event.mutable_deal()->set_name(kDeal);
  event.mutable_moved();
  Deliver(event);
  EXPECT_EQ(Get(planned).state(), Meeting::PLANNED);
  event.mutable_lost();
  Deliver(event);
  Deliver(event);
  EXPECT_EQ(Get(planned).state(), Meeting::CANCELLED);
  EXPECT_EQ(Get(planned).result(), "the deal was lost");
  EXPECT_EQ(Get(held).state(), Meeting::HELD);
  EXPECT_EQ(Get(other).state(), Meeting::PLANNED);
}

TEST_F(Meetings, OfSomebodyWhoLeavesAreTheSuccessorsIfTheyAreStillPlanned) {
  std::string planned = Create(kDeal)->name();
  std::string held = Complete(Create(kDeal)->name())->name();
  std::string owner = Get(planned).owner();
  identity::v1::UserEvent event;
  event.mutable_user()->set_name(owner);
  event.mutable_dismissed()->set_successor(kSuccessor);
  auto status = test::Deliver(
      service_, ActivityHandOvers(service_.types())->Consumer("activities.on_identity"), event);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(Get(planned).owner(), kSuccessor);
  EXPECT_EQ(Get(held).owner(), owner);
  EXPECT_EQ(service_.Log().back().type(), "crm.activities.v1.MeetingHandedOver");
}

}  // namespace
}  // namespace crm::activities
