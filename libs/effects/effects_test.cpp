#include "libs/effects/effects.h"

#include <gtest/gtest.h>

#include <deque>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "libs/command/record_codec.h"
#include "libs/effects/loopback.h"
#include "libs/testing/call_harness.h"

namespace crm {
namespace {

using kernel::v1::Effect;
using std::chrono::hours;
using Mood = Loopback::Mood;

// Sends that wait for a thread; a crash loses them.
class Sends final : public Executor {
 public:
  bool Post(Task task) override {
    tasks_.push_back(std::move(task));
    return true;
  }
  bool Step() {
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  void Lose() { tasks_.clear(); }

 private:
  std::deque<Task> tasks_;
};

class EffectsTest : public ::testing::Test {
 protected:
  void Use(bool dedupes, bool asked = true) {
    world_ = std::make_shared<Loopback>(dedupes, asked);
    pump_ = std::make_unique<EffectPump>(
        std::vector<std::shared_ptr<EffectAdapter>>{world_}, "museum", service_.types(),
        service_.store(), service_.pipeline(), sends_, service_.clock(), log_, metrics_);
  }
  void Request(const std::string& key, const std::string& kind = "loopback") {
    ASSERT_TRUE(
        service_
            .Run([&](Call& call) { return call.RequestEffect(kind, key, "exhibits/x", "hello"); })
            .ok());
  }
  void Settle() {
    do {
      service_.Drain();
    } while (sends_.Step());
  }
  int Work() {
    auto begun = pump_->Work({});
    Settle();
    return *begun;
  }
  // Committed as SENDING and handed to the adapter; the process dies before the outcome is
  // recorded.
  void SendAndCrash(bool arrives) {
    ASSERT_EQ(*pump_->Work({}), 1);
    service_.Drain();
    if (arrives) world_->Send(Get("a"));
    sends_.Lose();
  }
  Effect Get(const std::string& key, const std::string& kind = "loopback") {
    const RecordType& type = service_.type(Effect::descriptor());
    auto stored = service_.store().Get(
        {&type, service_.tenant(), *type.ParseName(type.Name(NamedUuid("effect/" + kind, key)))},
        {});
    Effect effect;
    EXPECT_TRUE(*stored && DecodeRecord((*stored)->body, effect).ok());
    return effect;
  }

  test::CallHarness service_{{testing::v1::Exhibit::descriptor(), testing::v1::Room::descriptor()}};
  Sends sends_;
  log::Logger log_ = log::Logger::Silent();
  metrics::Registry metrics_;
  std::shared_ptr<Loopback> world_;
  std::unique_ptr<EffectPump> pump_;
};

TEST_F(EffectsTest, HappenOnceAndAreConfirmed) {
  Use(false);
  Request("a");
  Request("a");  // asked for twice, one effect
  EXPECT_EQ(world_->sends(), 0) << "nothing happens before the commit";
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(Work(), 0);
  EXPECT_EQ(world_->happened("a"), 1);
  EXPECT_EQ(Get("a").state(), Effect::CONFIRMED);
  EXPECT_EQ(Get("a").receipt(), "receipt of a");
}

TEST_F(EffectsTest, AreBegunByOneOfTwoWorkers) {
  Use(false);
  Request("a");
  ASSERT_EQ(*pump_->Work({}), 1);
  ASSERT_EQ(*pump_->Work({}), 1);
  Settle();
  EXPECT_EQ(world_->sends(), 1);
}

TEST_F(EffectsTest, AreAskedForWhereTheAnswerWasLost) {
  Use(false);
  Request("a");
  world_->set_mood(Mood::kAcceptThenDrop);
  Work();
  EXPECT_EQ(Get("a").state(), Effect::CONFIRMED);
  EXPECT_EQ(world_->happened("a"), 1);
}

TEST_F(EffectsTest, AreSentAgainWithTheirKeyWhereTheProviderDedupes) {
  Use(true);
  Request("a");
  world_->set_mood(Mood::kAcceptThenDrop);
  Work();
  EXPECT_EQ(Get("a").state(), Effect::PENDING);
  world_->set_mood(Mood::kAnswer);
  service_.clock().Advance(hours(1));
  Work();
  EXPECT_EQ(Get("a").state(), Effect::CONFIRMED);
  EXPECT_EQ(world_->sends(), 2);
  EXPECT_EQ(world_->happened("a"), 1);
}

TEST_F(EffectsTest, WaitForAPersonWhereNobodyCanTell) {
  Use(false, /*asked=*/false);
  Request("a");
  world_->set_mood(Mood::kAcceptThenDrop);
  Work();
  EXPECT_EQ(Get("a").state(), Effect::PARKED);
  service_.clock().Advance(hours(24));
  EXPECT_EQ(Work(), 0);
  EXPECT_EQ(world_->happened("a"), 1);
}

TEST_F(EffectsTest, AreTriedAgainWithPausesAndGivenUp) {
  Use(false);
  Request("a");
  world_->set_mood(Mood::kRefuseForNow);
  Work();
  EXPECT_EQ(Work(), 0) << "it pauses";
  for (int i = 0; i < 50; ++i) {
    service_.clock().Advance(hours(2));
    Work();
  }
  EXPECT_EQ(Get("a").state(), Effect::FAILED);
  EXPECT_EQ(Get("a").last_error(), "try later");
  EXPECT_EQ(world_->sends(), 12);
}

TEST_F(EffectsTest, ThatAreUnknownToTheLastAreNotCalledFailed) {
  Use(true);
  Request("a");
  world_->set_mood(Mood::kAcceptThenDrop);
  for (int i = 0; i < 50; ++i) {
    service_.clock().Advance(hours(2));
    Work();
  }
  EXPECT_EQ(Get("a").state(), Effect::PARKED);
  EXPECT_EQ(world_->happened("a"), 1);
}

TEST_F(EffectsTest, EndWhereTheProviderSaysNo) {
  Use(false);
  Request("a");
  world_->set_mood(Mood::kReject);
  Work();
  EXPECT_EQ(Get("a").state(), Effect::FAILED);
  Request("b", "pigeon");
  Work();
  EXPECT_EQ(Get("b", "pigeon").state(), Effect::FAILED) << "no adapter";
}

TEST_F(EffectsTest, ASenderThatStoodStillTooLongLeavesTheEffectToItsReconciliation) {
  Use(false);
  Request("a");
  ASSERT_EQ(*pump_->Work({}), 1);
  service_.Drain();
  service_.clock().Advance(world_->sender_timeout());
  ASSERT_EQ(*pump_->Work({}), 1);
  Settle();
  EXPECT_EQ(world_->sends(), 0) << "the reconciliation has yet to hear that it never arrived";
  service_.clock().Advance(hours(1));
  Work();
  EXPECT_EQ(Get("a").state(), Effect::CONFIRMED);
  EXPECT_EQ(world_->happened("a"), 1);
}

TEST_F(EffectsTest, WhatNeverArrivedIsSentSoonHoweverOftenItsSenderDied) {
  Use(false);
  Request("a");
  for (int death = 0; death < 4; ++death) {
    SendAndCrash(false);
    service_.clock().Advance(world_->sender_timeout());
    ASSERT_EQ(Work(), 1);
    EXPECT_EQ(Get("a").state(), Effect::PENDING);
    service_.clock().Advance(std::chrono::seconds(2));
  }
  EXPECT_EQ(Work(), 1);
  EXPECT_EQ(world_->happened("a"), 1);
}

// With a provider that dedupes, and with one that can be asked.
class CrashAfterSend : public EffectsTest, public ::testing::WithParamInterface<bool> {
 protected:
  void ExpectReconciled(bool arrives) {
    Use(GetParam());
    Request("a");
    SendAndCrash(arrives);
    EXPECT_EQ(Get("a").state(), Effect::SENDING);
    EXPECT_EQ(Work(), 0) << "its sender may still be at work";
    for (int i = 0; i < 3; ++i) {
      service_.clock().Advance(world_->sender_timeout() + hours(1));
      Work();
    }
    EXPECT_EQ(Get("a").state(), Effect::CONFIRMED);
    EXPECT_EQ(world_->happened("a"), 1);
  }
};
INSTANTIATE_TEST_SUITE_P(Providers, CrashAfterSend, ::testing::Bool());

TEST_P(CrashAfterSend, IsReconciledWhereItArrived) {
  ExpectReconciled(true);
}
TEST_P(CrashAfterSend, IsReconciledWhereItDidNot) {
  ExpectReconciled(false);
}

}  // namespace
}  // namespace crm
