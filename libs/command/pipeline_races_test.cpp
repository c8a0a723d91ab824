// What becomes of calls that meet each other between decision and commit: repeats, claims, refusals
// and callers that have gone. Each race is played step by step.
#include "libs/command/test_pipeline.h"

namespace crm {
namespace {

class PipelineRaces : public PipelineTest {
 protected:
  using Outcome = std::shared_ptr<std::optional<Status>>;

  // A call of the service's own, under way together with others.
  Outcome Begin(std::function<Status(Call&)> handler) {
    auto outcome = std::make_shared<std::optional<Status>>();
    InternalCall call;
    call.id = NamedUuid("race", std::to_string(++begun_));
    call.principal = museum_.admin();
    call.origin = "race";
    call.run = std::move(handler);
    EXPECT_TRUE(museum_.pipeline().Run(std::move(call), [=](Status s) { *outcome = s; }).ok());
    return outcome;
  }
  std::function<Status(Call&)> Renamed(const std::string& name, const std::string& code) {
    return [=](Call& call) -> Status {
      auto exhibit = call.Load<Exhibit>(name);
      if (!exhibit.ok()) return exhibit.status();
      exhibit->set_code(code);
      return call.Store(*exhibit, ExhibitUpdated());
    };
  }
  // What belongs to one exhibit belongs to another from now on.
  std::function<Status(Call&)> Merged(const std::string& loser, const std::string& winner) {
    return [=](Call& call) -> Status {
      auto from = call.Load<Exhibit>(loser);
      auto to = call.Load<Exhibit>(winner);
      if (!from.ok() || !to.ok()) return NotFound(loser);
      to->set_code(from->code());
      from->set_code("");
      auto status = call.Store(*from, ExhibitUpdated());
      return status.ok() ? call.Store(*to, ExhibitUpdated()) : status;
    };
  }
  void Steps(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(museum_.Step());
  }

  int begun_ = 0;
};

TEST_F(PipelineRaces, ARepeatThatWouldBeRefusedGetsTheFirstAnswer) {
  auto request = Show(Created());
  request.set_request_id("one");
  auto first = museum_.Begin("ShowExhibit", request, museum_.admin());
  auto repeat = museum_.Begin("ShowExhibit", request, museum_.admin());
  Steps(2);  // the repeat was decided on the first one's pending state: it is shown already
  EXPECT_FALSE(first->done() || repeat->done());
  museum_.Drain();
  ASSERT_TRUE(first->Wait().ok());
  ASSERT_TRUE(repeat->Wait().ok()) << repeat->Wait().status().ToString();
  EXPECT_EQ(*first->Wait(), *repeat->Wait());
}

TEST_F(PipelineRaces, ARepeatWhoseFirstDropsOutIsDoneItself) {
  std::string name = Created();
  auto request = Show(name);
  request.set_request_id("one");
  auto first = museum_.Begin("ShowExhibit", request, museum_.admin());
  auto repeat = museum_.Begin("ShowExhibit", request, museum_.admin());
  Steps(2);
  ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_year(1515); });
  museum_.Drain();
  ASSERT_TRUE(first->Wait().ok() && repeat->Wait().ok());
  EXPECT_EQ(*first->Wait(), *repeat->Wait());
  EXPECT_EQ(Get(name)->etag(), "v3") << "shown once";
}

TEST_F(PipelineRaces, AClaimLostOnlyToANeighbourThatDropsOutIsWonAfterAll) {
  std::string one = Created("A-1");
  std::string two = Created("A-2");
  int attempts = 0;
  // Its second attempt wants another value, so that the first one's claim never comes to be.
  auto first = Begin([&](Call& call) { return Renamed(one, ++attempts == 1 ? "B" : "C")(call); });
  auto second = Begin(Renamed(two, "B"));
  Steps(2);  // the second was refused, because the first one's claim is pending
  EXPECT_FALSE(*first || *second);
  ChangeElsewhere(one, [](Exhibit& exhibit) { exhibit.set_year(1515); });
  museum_.Drain();
  EXPECT_TRUE((*first)->ok() && (*second)->ok()) << (*second)->ToString();
  EXPECT_EQ(Get(one)->code(), "C");
  EXPECT_EQ(Get(two)->code(), "B");
}

TEST_F(PipelineRaces, AClaimThatAMergeRepointsNamesItsNewHolder) {
  std::string loser = Created("A");
  std::string winner = Created("B");
  auto merge = Begin(Merged(loser, winner));
  auto taker = museum_.Begin("CreateExhibit", Create("", "A"), museum_.admin());
  Steps(2);
  EXPECT_TRUE(museum_.committer().FlushOnce()) << "both in one group";
  ASSERT_TRUE(*merge && (*merge)->ok()) << (*merge)->ToString();
  ASSERT_TRUE(taker->done());
  EXPECT_EQ(taker->Wait().status().reason(), "VALUE_TAKEN");
  EXPECT_EQ(taker->Wait().status().metadata().at("holder"), winner);
  // What the winner had before is free.
  EXPECT_TRUE(museum_.Call<Exhibit>("CreateExhibit", Create("", "B")).ok());
}

TEST_F(PipelineRaces, AClaimThatAMergeWouldHaveRepointedStaysWhereTheMergeFails) {
  std::string loser = Created("A");
  std::string winner = Created("B");
  auto merge = Begin([&](Call& call) {
    // It is not repeated on what has changed meanwhile.
    return (*call.Peek<Exhibit>(winner))->year() != 0
               ? FailedPrecondition("CHANGED", "It has changed.")
               : Merged(loser, winner)(call);
  });
  auto taker = museum_.Begin("CreateExhibit", Create("", "A"), museum_.admin());
  auto other = museum_.Begin("CreateExhibit", Create("", "B"), museum_.admin());
  Steps(3);
  ChangeElsewhere(winner, [](Exhibit& exhibit) { exhibit.set_year(1515); });
  museum_.Drain();
  EXPECT_EQ((*merge)->reason(), "CHANGED");
  EXPECT_EQ(taker->Wait().status().metadata().at("holder"), loser);
  EXPECT_EQ(other->Wait().status().metadata().at("holder"), winner);
}

TEST_F(PipelineRaces, SixtyFourCallersOfOneRecordJoinOneGroupFirstInFirstOut) {
  std::string name = Created();
  UpdateExhibitRequest request;
  request.mutable_exhibit()->set_name(name);
  std::vector<std::shared_ptr<test::FakeServerCall>> calls;
  for (int i = 0; i < 64; ++i) {
    calls.push_back(museum_.Begin("UpdateExhibit", request, museum_.admin()));
  }
  Steps(64);
  EXPECT_TRUE(museum_.committer().FlushOnce());
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(calls[i]->done() && calls[i]->Wait().ok());
    Exhibit answer;
    ASSERT_TRUE(answer.ParseFromString(*calls[i]->Wait()));
    EXPECT_EQ(answer.year(), i + 1);
  }
  EXPECT_EQ(Get(name)->etag(), "v65");
}

TEST_F(PipelineRaces, SuccessorsOfACallThatDropsOutRunAgainUncounted) {
  std::string name = Created();
  UpdateExhibitRequest request;
  request.mutable_exhibit()->set_name(name);
  // More of them in a row than the reruns that a call is granted: each flush drops the first, and
  // with it all that were decided on it.
  constexpr int kCallers = 20;
  std::vector<std::shared_ptr<test::FakeServerCall>> calls;
  for (int i = 0; i < kCallers; ++i) {
    calls.push_back(museum_.Begin("UpdateExhibit", request, museum_.admin()));
  }
  for (int round = 0; round < 7; ++round) {
    Steps(kCallers);
    ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_weight_grams(1); });
    ASSERT_TRUE(museum_.committer().FlushOnce());
  }
  museum_.Drain();
  for (const auto& call : calls) {
    EXPECT_TRUE(call->Wait().ok()) << call->Wait().status().ToString();
  }
  EXPECT_EQ(Get(name)->year(), kCallers);
}

TEST_F(PipelineRaces, WhatIsQueuedIsCommittedAlsoWhereItsCallerHasGone) {
  std::string name = Created();
  auto show = museum_.Begin("ShowExhibit", Show(name), museum_.admin());
  auto neighbour = museum_.Begin("CreateExhibit", Create(), museum_.admin());
  Steps(2);
  show->Cancel();
  museum_.Drain();
  EXPECT_TRUE(neighbour->Wait().ok());
  EXPECT_EQ(Get(name)->state(), Exhibit::SHOWN);
}

TEST_F(PipelineRaces, ACallHasOneNowOverAllItsAttempts) {
  std::string name = Created();
  std::vector<Time> seen;
  auto update = Begin([&](Call& call) {
    seen.push_back(call.now());
    museum_.clock().Advance(std::chrono::hours(1));
    return Renamed(name, "A")(call);
  });
  Steps(1);
  ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_year(1515); });
  museum_.Drain();
  ASSERT_TRUE((*update)->ok());
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0], seen[1]);
}

}  // namespace
}  // namespace crm
