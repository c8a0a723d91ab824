#include "libs/command/call.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "libs/command/memory_store.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/testing/clock.h"

namespace crm {
namespace {

using kernel::v1::Effect;
using kernel::v1::Timer;
using testing::v1::Exhibit;
using testing::v1::ExhibitCreated;
using testing::v1::ExhibitShown;
using testing::v1::ExhibitUpdated;
using testing::v1::RoomCreated;

// Keeps in whose name it was asked.
struct Asked final : RemoteReader {
  Status Read(const Principal& principal, const std::string&, const google::protobuf::Message&,
              google::protobuf::Message&, std::stop_token) override {
    names.push_back(principal.name);
    return Status::Ok();
  }
  std::vector<std::string> names;
};

class CallTest : public ::testing::Test {
 protected:
  CallTest() {
    context_.id = NamedUuid("call", "1");
    context_.principal = Principal::System(NamedUuid("tenant", "1"), "museum");
    context_.now = test::kMonday;
    context_.cause = {"correlation", "causation", "run", "traceparent"};
    context_.origin = "test";
  }

  Exhibit New(const std::string& code = "") {
    Exhibit exhibit;
    exhibit.set_name("exhibits/" + NamedUuid("exhibit", code).ToString());
    exhibit.set_code(code);
    return exhibit;
  }
  void Commit(Call& call) {
    auto set = call.TakeWriteSet();
    const WriteSet* group[] = {set.get()};
    ASSERT_EQ(store_.Commit(group, {})[0].outcome, CommitResult::Outcome::kCommitted);
  }
  std::string Stored(const std::string& code = "") {
    Call call(services_, context_);
    EXPECT_TRUE(call.Store(New(code), ExhibitCreated()).ok());
    Commit(call);
    return New(code).name();
  }
  const RecordType& type(const google::protobuf::Descriptor* message) {
    return *types_.Find(message);
  }

  RecordTypes types_{{Exhibit::descriptor()}};
  Asked asked_;
  ManualClock clock_{test::kMonday};
  MemoryStore store_{types_, clock_};
  CallServices services_{&types_, &store_, nullptr, &asked_, "museum"};
  CallContext context_;
};

TEST_F(CallTest, AsksAsItsServiceFromWhereverItComes) {
  for (const char* origin : {"crm.museum.v1.MuseumService/Lend", "consumer:museum.on_loans"}) {
    context_.origin = origin;
    Call call(services_, context_);
    Exhibit answer;
    ASSERT_TRUE(call.AskAsSystem("crm.loans.v1.LoanService/GetLoan", Exhibit(), answer).ok());
    EXPECT_EQ(asked_.names.back(), "system/museum") << origin;
  }
}

TEST_F(CallTest, GivesTheSameIdsWhenItIsRunAgain) {
  Call first(services_, context_);
  Call again(services_, context_);
  Uuid one = first.NewId();
  EXPECT_EQ(again.NewId(), one);
  EXPECT_NE(first.NewId(), one);
  EXPECT_EQ(first.NewId("label"), again.NewId("label"));
  context_.id = NamedUuid("call", "2");
  EXPECT_NE(Call(services_, context_).NewId(), one);
}

TEST_F(CallTest, LogsWhoDidWhatWhenAndWhy) {
  Call call(services_, context_);
  ExhibitShown fact;
  fact.set_occasion("jubilee");
  Exhibit exhibit = New();
  ASSERT_TRUE(call.Store(exhibit, ExhibitCreated()).ok());
  exhibit.set_state(Exhibit::SHOWN);
  ASSERT_TRUE(call.Store(exhibit, fact).ok());
  auto set = call.TakeWriteSet();
  ASSERT_EQ(set->records.size(), 1u);
  EXPECT_EQ(set->records[0].version, 2);
  ASSERT_EQ(set->log.size(), 2u);
  const auto& row = set->log[1];
  EXPECT_EQ(row.subject(), exhibit.name());
  EXPECT_EQ(row.version(), 2);
  EXPECT_EQ(row.type(), "crm.testing.v1.ExhibitShown");
  EXPECT_EQ(row.actor(), "system/museum");
  EXPECT_EQ(row.correlation(), "correlation");
  EXPECT_EQ(row.causation(), "causation");
  EXPECT_EQ(row.run(), "run");
  EXPECT_EQ(row.origin(), "test");
  testing::v1::ExhibitEvent event;
  ASSERT_TRUE(DecodeRecord(row.body(), event).ok());
  EXPECT_EQ(event.shown().occasion(), "jubilee");
  EXPECT_EQ(event.exhibit().state(), Exhibit::SHOWN);
  ASSERT_EQ(event.changed().paths_size(), 1);
  EXPECT_EQ(event.changed().paths(0), "state");
  EXPECT_TRUE(event.has_old());
  EXPECT_EQ(event.exhibit().etag(), "");
}

TEST_F(CallTest, LoadsWhatItStoredItself) {
  std::string name = Stored();
  Call call(services_, context_);
  Exhibit exhibit = *call.Load<Exhibit>(name);
  exhibit.set_year(1515);
  ASSERT_TRUE(call.Store(exhibit, ExhibitUpdated()).ok());
  EXPECT_EQ(call.Load<Exhibit>(name)->year(), 1515);
  EXPECT_EQ(call.Load<Exhibit>(name)->etag(), "v2");
  EXPECT_EQ((*call.Peek<Exhibit>(name))->year(), 0) << "a peek shows committed state";
}

TEST_F(CallTest, ChecksWhatItLoadedAndFoundButNotWhatItPeekedAt) {
  std::string loaded = Stored("A");
  std::string peeked = Stored("B");
  Call call(services_, context_);
  ASSERT_TRUE(call.Load<Exhibit>(loaded).ok());
  ASSERT_TRUE(call.Peek<Exhibit>(peeked).ok());
  EXPECT_FALSE(*call.Find<Exhibit>(New("C").name()));
  auto set = call.TakeWriteSet();
  std::map<std::string, int64_t> checks;
  for (const auto& check : set->checks) checks[check.key.name()] = check.version;
  EXPECT_EQ(checks, (std::map<std::string, int64_t>{{loaded, 1}, {New("C").name(), 0}}));
  EXPECT_TRUE(set->verify_only());
}

TEST_F(CallTest, RefusesAFactThatIsNotTheRecords) {
  Call call(services_, context_);
  EXPECT_EQ(call.Store(New(), RoomCreated()).code(), Code::kInternal);
  EXPECT_EQ(call.StoreWithFact(New(), "no_such_fact").code(), Code::kInternal);
  EXPECT_EQ(call.Project(New()).code(), Code::kInternal);
  EXPECT_EQ(call.Erase(type(Exhibit::descriptor()), New().name()).code(), Code::kInternal);
  EXPECT_FALSE(call.has_writes());
}

TEST_F(CallTest, KeepsBusinessTimeFromFalling) {
  std::string name = Stored();
  Call call(services_, context_);
  Exhibit exhibit = *call.Load<Exhibit>(name);
  Time before = test::kMonday - std::chrono::hours(1);
  Status refused = call.Store(exhibit, ExhibitUpdated(), before);
  EXPECT_EQ(refused.reason(), "OCCURRED_BEFORE_LAST");
  Time later = test::kMonday + std::chrono::hours(1);
  ASSERT_TRUE(call.Store(exhibit, ExhibitUpdated(), later).ok());
  // Without a time of its own a change is never before the last.
  ASSERT_TRUE(call.Store(exhibit, ExhibitUpdated()).ok());
  auto set = call.TakeWriteSet();
  EXPECT_EQ(set->log[1].occurred_time().seconds(), set->log[0].occurred_time().seconds());
  EXPECT_EQ(set->records[0].occurred, later);
}

TEST_F(CallTest, RepointsAClaimThatIsReleasedInTheSameCall) {
  std::string first = Stored("A");
  Call call(services_, context_);
  Exhibit giver = *call.Load<Exhibit>(first);
  giver.set_code("");
  ASSERT_TRUE(call.Store(giver, ExhibitUpdated()).ok());
  Exhibit taker = New("B");
  taker.set_code("A");
  ASSERT_TRUE(call.Store(taker, ExhibitCreated()).ok());
  Commit(call);
  Call next(services_, context_);
  Exhibit third = New("C");
  third.set_code("A");
  EXPECT_EQ(next.Store(third, ExhibitCreated()).metadata().at("holder"), taker.name());
}

TEST_F(CallTest, StoresNothingAboutWhatItMadeAndErasedItself) {
  Call call(services_, context_);
  ASSERT_TRUE(call.SetTimer("remind", "exhibits/1", test::kMonday, Timer()).ok());
  ASSERT_TRUE(call.CancelTimer("remind", "exhibits/1").ok());
  EXPECT_TRUE(call.TakeWriteSet()->records.empty());
}

TEST_F(CallTest, MovesATimerThatIsSetAgain) {
  Call call(services_, context_);
  ASSERT_TRUE(call.SetTimer("remind", "exhibits/1", test::kMonday, Exhibit()).ok());
  Time later = test::kMonday + std::chrono::hours(2);
  ASSERT_TRUE(call.SetTimer("remind", "exhibits/1", later, Exhibit()).ok());
  ASSERT_TRUE(call.SetTimer("remind", "exhibits/1", later, Exhibit(), "second").ok());
  auto set = call.TakeWriteSet();
  ASSERT_EQ(set->records.size(), 2u);
  Timer timer;
  ASSERT_TRUE(DecodeRecord(set->records[0].body, timer).ok());
  EXPECT_EQ(ToTime(timer.due_time()), later);
  EXPECT_EQ(timer.correlation(), "correlation");
}

TEST_F(CallTest, RequestsAnEffectOnceForItsKey) {
  Call call(services_, context_);
  ASSERT_TRUE(call.RequestEffect("mail", "key-1", "exhibits/1", "first").ok());
  Commit(call);
  Call again(services_, context_);
  ASSERT_TRUE(again.RequestEffect("mail", "key-1", "exhibits/1", "second").ok());
  EXPECT_FALSE(again.has_writes());
  ASSERT_TRUE(again.RequestEffect("mail", "key-2", "exhibits/1", "third").ok());
  auto set = again.TakeWriteSet();
  ASSERT_EQ(set->records.size(), 1u);
  Effect effect;
  ASSERT_TRUE(DecodeRecord(set->records[0].body, effect).ok());
  EXPECT_EQ(effect.payload(), "third");
  EXPECT_EQ(effect.state(), Effect::PENDING);
}

// Counts the questions for records by their names.
class CountedStore : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  Result<std::vector<std::optional<StoredRecord>>> GetEach(std::span<const RecordKey> keys,
                                                           std::stop_token stop) override {
    ++gets;
    return MemoryStore::GetEach(keys, std::move(stop));
  }
  int gets = 0;
};

TEST_F(CallTest, AsksTheStoreOnlyForWhatItNeitherMadeNorSawLast) {
  CountedStore store(types_, clock_);
  Committer committer(store, {}, nullptr);
  CallServices services{&types_, &store, &committer, nullptr};
  auto run = [&](const std::function<void(Call&)>& handler) {
    Call call(services, context_);
    handler(call);
    auto outcome = CommitResult::Outcome::kFailed;
    EXPECT_TRUE(
        committer
            .Submit(call.TakeWriteSet(), [&](CommitResult result) { outcome = result.outcome; })
            .ok());
    committer.FlushOnce();
    return outcome;
  };
  auto load = [&](Call& call) { EXPECT_TRUE(call.Load<Exhibit>(New("E-1").name()).ok()); };

  auto create = [&](Call& call) {
    call.ExpectAbsent(type(Exhibit::descriptor()), New("E-1").name());
    ASSERT_TRUE(call.Store(New("E-1"), ExhibitCreated()).ok());
    ASSERT_TRUE(call.SetTimer("due", New("E-1").name(), context_.now, New("E-1")).ok());
    ASSERT_TRUE(call.RequestEffect("mail", "key", New("E-1").name(), "").ok());
  };
  EXPECT_EQ(run(create), CommitResult::Outcome::kCommitted);
  EXPECT_EQ(run(load), CommitResult::Outcome::kCommitted);
  EXPECT_EQ(store.gets, 0);

  committer.recent().Forget(
      {&type(Exhibit::descriptor()), context_.principal.tenant, NamedUuid("exhibit", "E-1")});
  run(load);
  run(load);
  EXPECT_EQ(store.gets, 1);

  // There was none, which is remembered too, until another replica has made it.
  auto miss = [&](Call& call) {
    auto found = call.Find<Exhibit>(New("E-2").name());
    EXPECT_TRUE(found.ok() && !*found);
  };
  run(miss);
  EXPECT_EQ(run(miss), CommitResult::Outcome::kCommitted);
  EXPECT_EQ(store.gets, 2);
  Committer replica(store, {}, nullptr);
  CallServices elsewhere{&types_, &store, &replica, nullptr};
  Call made(elsewhere, context_);
  ASSERT_TRUE(made.Store(New("E-2"), ExhibitCreated()).ok());
  ASSERT_TRUE(replica.Submit(made.TakeWriteSet(), [](const CommitResult&) {}).ok());
  replica.FlushOnce();
  EXPECT_EQ(run(miss), CommitResult::Outcome::kStale);
  EXPECT_EQ(run([&](Call& call) { EXPECT_TRUE(call.Load<Exhibit>(New("E-2").name()).ok()); }),
            CommitResult::Outcome::kCommitted);

  // What was expected to be absent is there: the commit finds out, and the next attempt asks.
  committer.recent().Forget(
      {&type(Exhibit::descriptor()), context_.principal.tenant, NamedUuid("exhibit", "E-1")});
  EXPECT_EQ(run(create), CommitResult::Outcome::kStale);
  context_.again = true;
  Call call(services, context_);
  call.ExpectAbsent(type(Exhibit::descriptor()), New("E-1").name());
  EXPECT_TRUE(*call.Find<Exhibit>(New("E-1").name()));
}

TEST_F(CallTest, StoresNothingWhileItReadsThePast) {
  context_.past = {Timeline::kRecorded, test::kMonday};
  Call call(services_, context_);
  EXPECT_EQ(call.Store(New(), ExhibitCreated()).code(), Code::kInternal);
}

TEST_F(CallTest, AddsTheCallersScopeToLists) {
  Stored("A");
  Call all(services_, context_);
  ListQuery query;
  query.type = &type(Exhibit::descriptor());
  EXPECT_EQ(all.List(query)->size(), 1u);
  context_.principal.grants = {{"exhibit", "list", Scope::kOwn, ""}};
  context_.object = "exhibit";
  context_.action = "list";
  EXPECT_EQ(Call(services_, context_).List(query)->size(), 0u);
  context_.action = "get";
  EXPECT_EQ(Call(services_, context_).List(query).status().code(), Code::kPermissionDenied);
}

}  // namespace
}  // namespace crm
