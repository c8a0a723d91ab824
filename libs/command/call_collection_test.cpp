// Decisions that hang on all records of a collection: read once, and found out of date by the
// commit where one of them has changed.
#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "libs/command/call.h"
#include "libs/command/memory_store.h"
#include "libs/testing/clock.h"

namespace crm {
namespace {

using testing::v1::Exhibit;
using testing::v1::Room;
using testing::v1::RoomCreated;
using Outcome = CommitResult::Outcome;

class CountedStore : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  Result<std::vector<ListedRecord>> List(const ListQuery& query, std::stop_token stop) override {
    ++lists;
    return MemoryStore::List(query, std::move(stop));
  }
  int lists = 0;
};

class Collections : public ::testing::Test {
 protected:
  // One process of the service.
  struct Replica {
    Replica(const RecordTypes& types, MemoryStore& store)
        : committer(store, {}, nullptr), services{&types, &store, &committer, nullptr} {}
    Committer committer;
    CallServices services;
  };

  CallContext Context(bool again = false) {
    CallContext context;
    context.id = NamedUuid("call", std::to_string(++calls_));
    context.principal = Principal::System(NamedUuid("tenant", "1"), "museum");
    context.now = test::kMonday;
    context.again = again;
    return context;
  }

  // What a call decides by, and whether it stood; `meanwhile` happens before it is committed.
  std::pair<size_t, Outcome> Decide(Replica& replica, bool again = false,
                                    const std::function<void()>& meanwhile = {}) {
    CallContext context = Context(again);
    Call call(replica.services, context);
    auto rooms = call.LoadAll<Room>();
    EXPECT_TRUE(rooms.ok()) << rooms.status().ToString();
    Exhibit exhibit;
    exhibit.set_name("exhibits/" + call.NewId().ToString());
    EXPECT_TRUE(call.StoreWithFact(exhibit, "created").ok());
    if (meanwhile) meanwhile();
    return {rooms->size(), Commit(replica, call)};
  }

  void Store(Replica& replica, const std::string& name, bool flush = true) {
    CallContext context = Context();
    Call call(replica.services, context);
    Room room;
    room.set_name("rooms/" + NamedUuid("room", name).ToString());
    room.set_display_name(std::to_string(calls_));
    auto known = call.Find<Room>(room.name());
    ASSERT_TRUE(known.ok());
    ASSERT_TRUE(call.StoreWithFact(room, *known ? "updated" : "created").ok());
    auto outcome = Commit(replica, call, flush);
    if (flush) {
      EXPECT_EQ(outcome, Outcome::kCommitted);
    }
  }

  static Outcome Commit(Replica& replica, Call& call, bool flush = true) {
    auto outcome = Outcome::kFailed;
    EXPECT_TRUE(replica.committer
                    .Submit(call.TakeWriteSet(),
                            [&outcome, flush](const CommitResult& result) {
                              if (flush) outcome = result.outcome;
                            })
                    .ok());
    if (flush) replica.committer.FlushOnce();
    return outcome;
  }

  RecordTypes types_{{Exhibit::descriptor(), Room::descriptor()}};
  ManualClock clock_{test::kMonday};
  CountedStore store_{types_, clock_};
  Replica here_{types_, store_};
  Replica there_{types_, store_};
  int calls_ = 0;
};

TEST_F(Collections, AreReadOnceAsLongAsNothingChanges) {
  EXPECT_EQ(Decide(here_), std::pair(size_t{0}, Outcome::kCommitted));
  Store(here_, "a");
  EXPECT_EQ(Decide(here_), std::pair(size_t{1}, Outcome::kCommitted));
  int lists = store_.lists;
  EXPECT_EQ(Decide(here_), std::pair(size_t{1}, Outcome::kCommitted));
  EXPECT_EQ(store_.lists, lists);
  Store(here_, "a");
  EXPECT_EQ(Decide(here_), std::pair(size_t{1}, Outcome::kCommitted));
  EXPECT_EQ(store_.lists, lists + 1);
}

TEST_F(Collections, AreFoundOutOfDateWhereAnotherReplicaHasChangedOne) {
  EXPECT_EQ(Decide(here_), std::pair(size_t{0}, Outcome::kCommitted));
  Store(there_, "a");
  EXPECT_EQ(Decide(here_).second, Outcome::kStale) << "it appeared";
  EXPECT_EQ(Decide(here_, true), std::pair(size_t{1}, Outcome::kCommitted));
  Store(there_, "a");
  EXPECT_EQ(Decide(here_).second, Outcome::kStale) << "it was changed";
  EXPECT_EQ(Decide(here_, true), std::pair(size_t{1}, Outcome::kCommitted));
}

TEST_F(Collections, AreFoundOutOfDateWhereOneAppearsBeforeTheCommit) {
  auto store = [this] { Store(there_, "a"); };
  EXPECT_EQ(Decide(here_, true, store).second, Outcome::kStale);
  EXPECT_EQ(Decide(here_, true), std::pair(size_t{1}, Outcome::kCommitted));
}

TEST_F(Collections, AreNotDecidedByWhileAChangeOfThemIsBeingCommitted) {
  EXPECT_EQ(Decide(here_), std::pair(size_t{0}, Outcome::kCommitted));
  Store(here_, "a", false);
  EXPECT_EQ(Decide(here_).second, Outcome::kStale);
  here_.committer.FlushOnce();
  EXPECT_EQ(Decide(here_), std::pair(size_t{1}, Outcome::kCommitted));
}

TEST_F(Collections, AreLoadedBeforeOneOfThemIsStored) {
  CallContext context = Context();
  Call call(here_.services, context);
  EXPECT_TRUE(call.LoadAll<Room>().ok());
  Room room;
  room.set_name("rooms/" + NamedUuid("room", "a").ToString());
  ASSERT_TRUE(call.Store(room, RoomCreated()).ok());
  EXPECT_EQ(call.LoadAll<Room>().status().code(), Code::kInternal);
  EXPECT_EQ(call.LoadAll<Exhibit>().status().code(), Code::kInternal) << "not stamped";
  EXPECT_EQ(Commit(here_, call), Outcome::kCommitted);
  EXPECT_EQ(Decide(there_), std::pair(size_t{1}, Outcome::kCommitted));
}

}  // namespace
}  // namespace crm
