#include "libs/timers/timers.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "libs/testing/call_harness.h"

namespace crm {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::v1::Exhibit;

constexpr const char* kSubject = "exhibits/00000000-0000-0000-0000-000000000001";

class TimersTest : public ::testing::Test {
 protected:
  TimersTest() { pump_ = MakePump(); }

  // A replica's pump.
  std::unique_ptr<TimerPump> MakePump() {
    TimerHandler close{
        "close", [this](Call& call, const FiredTimer& fired) {
          lateness_.push_back(fired.lateness);
          if (meddle_) std::exchange(meddle_, nullptr)();
          if (failing_) return Unavailable("AWAY", "It is away.");
          Exhibit exhibit;
          exhibit.set_name(service_.types().Of(Exhibit::descriptor()).Name(call.NewId()));
          if (again_) {
            again_ = false;
            Status status = call.SetTimer("close", kSubject, fired.due + hours(1), fired.timer);
            if (!status.ok()) return status;
          }
          return call.StoreWithFact(exhibit, "created");
        }};
    return std::make_unique<TimerPump>(std::vector{close}, "museum", service_.types(),
                                       service_.store(), service_.pipeline(), service_.clock(),
                                       log_, metrics_);
  }
  void Set(Time due, const std::string& kind = "close", const std::string& label = "") {
    ASSERT_TRUE(service_
                    .Run([&](Call& call) {
                      return call.SetTimer(kind, kSubject, due, kernel::v1::Timer(), label);
                    })
                    .ok());
  }
  int Fire() {
    auto fired = pump_->Fire({});
    service_.Drain();
    return *fired;
  }
  // What timers have done.
  size_t Effects() { return service_.Log().size(); }

  test::CallHarness service_{{Exhibit::descriptor(), testing::v1::Room::descriptor()}};
  log::Logger log_ = log::Logger::Silent();
  metrics::Registry metrics_;
  std::unique_ptr<TimerPump> pump_;
  std::vector<Duration> lateness_;
  bool failing_ = false;
  bool again_ = false;
  std::function<void()> meddle_;  // runs once, while a timer fires
};

TEST_F(TimersTest, FireOnceWhenTheyAreDue) {
  Set(test::kMonday + minutes(15));
  EXPECT_EQ(*pump_->NextDue({}), std::optional(test::kMonday + minutes(15)));
  service_.clock().Advance(minutes(15) - Duration(1));
  EXPECT_EQ(Fire(), 0);
  service_.clock().Advance(Duration(1));
  EXPECT_EQ(Fire(), 1);
  EXPECT_EQ(Fire(), 0);
  EXPECT_EQ(Effects(), 1u);
  EXPECT_EQ(lateness_, std::vector<Duration>{Duration(0)});
  EXPECT_EQ(*pump_->NextDue({}), std::nullopt);
}

TEST_F(TimersTest, FireLateAfterAnOutageAndKnowHowLate) {
  Set(test::kMonday + minutes(15));
  service_.clock().Advance(hours(3));
  pump_ = MakePump();
  EXPECT_EQ(Fire(), 1);
  EXPECT_EQ(lateness_, std::vector<Duration>{hours(3) - minutes(15)});
}

TEST_F(TimersTest, FireOnceAlsoWhereTwoReplicasSeeThem) {
  Set(test::kMonday);
  auto other = MakePump();
  ASSERT_EQ(*pump_->Fire({}), 1);
  ASSERT_EQ(*other->Fire({}), 1);
  service_.Drain();
  EXPECT_EQ(Effects(), 1u);
}

TEST_F(TimersTest, DoNotFireWhereTheyAreCancelled) {
  Set(test::kMonday + hours(1));
  ASSERT_TRUE(service_.Run([](Call& call) { return call.CancelTimer("close", kSubject); }).ok());
  service_.clock().Advance(hours(2));
  EXPECT_EQ(Fire(), 0);
  EXPECT_EQ(Effects(), 0u);
}

TEST_F(TimersTest, DoNotFireWhereTheyAreTakenBackAndSetAnewMeanwhile) {
  Set(test::kMonday);
  meddle_ = [this] {
    service_.clock().Advance(minutes(1));
    ASSERT_TRUE(service_.Run([](Call& call) { return call.CancelTimer("close", kSubject); }).ok());
    Set(test::kMonday + hours(1));
  };
  EXPECT_EQ(Fire(), 1);
  EXPECT_EQ(Effects(), 0u) << "the timer that fired is not the one that is there";
  service_.clock().Advance(hours(1));
  EXPECT_EQ(Fire(), 1);
  EXPECT_EQ(Effects(), 1u);
}

TEST_F(TimersTest, FireAtTheMomentTheyWereMovedTo) {
  Set(test::kMonday + hours(1));
  Set(test::kMonday + hours(2));
  service_.clock().Advance(hours(1));
  EXPECT_EQ(Fire(), 0);
  service_.clock().Advance(hours(1));
  EXPECT_EQ(Fire(), 1);
  EXPECT_EQ(Effects(), 1u);
}

TEST_F(TimersTest, StandApartByTheirLabels) {
  Set(test::kMonday, "close", "one");
  Set(test::kMonday, "close", "two");
  EXPECT_EQ(Fire(), 2);
  EXPECT_EQ(Effects(), 2u);
}

TEST_F(TimersTest, CanSetThemselvesAgain) {
  Set(test::kMonday);
  again_ = true;
  EXPECT_EQ(Fire(), 1);
  EXPECT_EQ(Fire(), 0);
  service_.clock().Advance(hours(1));
  EXPECT_EQ(Fire(), 1);
  EXPECT_EQ(Effects(), 2u);
}

TEST_F(TimersTest, AreTriedAgainAfterAGrowingPause) {
  Set(test::kMonday);
  failing_ = true;
  EXPECT_EQ(Fire(), 1);
  EXPECT_EQ(Fire(), 0) << "it pauses";
  service_.clock().Advance(std::chrono::seconds(1));
  EXPECT_EQ(Fire(), 1);
  service_.clock().Advance(std::chrono::seconds(1));
  EXPECT_EQ(Fire(), 0) << "longer";
  service_.clock().Advance(hours(1));
  failing_ = false;
  EXPECT_EQ(Fire(), 1);
  EXPECT_EQ(Effects(), 1u);
}

TEST_F(TimersTest, ThatKeepFailingLetOthersFire) {
  for (int i = 0; i < 600; ++i) Set(test::kMonday, "unknown", std::to_string(i));
  Set(test::kMonday + minutes(1));
  service_.clock().Advance(minutes(1));
  Fire();
  Fire();
  EXPECT_EQ(Effects(), 1u);
}

}  // namespace
}  // namespace crm
