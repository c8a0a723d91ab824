// A field becomes filterable while there are records: the museum learns the floor of a room.
#include "libs/command/reindexer.h"

#include <gtest/gtest.h>

#include "libs/command/store_conformance.h"

namespace crm::test {
namespace {

using ::crm::testing::v1::Room;

class ReindexerTest : public ::testing::Test {
 protected:
  ReindexerTest() {
    for (int floor : {1, 2, 2}) Put(RoomOf(floor));
  }

  Room RoomOf(int floor) {
    Room room;
    room.set_name("rooms/" + NamedUuid("room", std::to_string(++rooms_)).ToString());
    room.set_display_name("Room");
    room.set_floor(floor);
    return room;
  }
  void Put(const Room& room) {
    auto set = decider_.Decide(kTenant, [&](Call& call) {
      auto known = call.Find<Room>(room.name());
      if (!known.ok()) return known.status();
      return call.StoreWithFact(room, *known ? "updated" : "created");
    });
    const WriteSet* group[] = {set.get()};
    ASSERT_EQ(store_.Commit(group, {}).front().outcome, CommitResult::Outcome::kCommitted);
  }
  // As a version of the program left the rows that knew no floors.
  void Forget() { schema_.Execute("UPDATE rooms SET floor = NULL, index_revision = 0"); }

  Result<std::vector<ListedRecord>> OnFloor(int floor) {
    auto filter = filter::ParseAndCheck("floor = " + std::to_string(floor), type_.filter_schema());
    ListQuery query;
    query.type = &type_;
    query.tenant = kTenant;
    query.filter = &*filter;
    query.now = clock_.Now();
    return store_.List(query, {});
  }

  static constexpr Uuid kTenant{{1}};
  ManualClock clock_{kMonday};
  PgSchema schema_{MuseumMigrations()};
  PgStore store_{schema_.database(), schema_.scan()};
  Decider decider_{store_, clock_};
  Committer committer_{store_, {}, nullptr};
  const RecordType& type_ = *MuseumTypes().Find(Room::descriptor());
  int rooms_ = 0;
};

TEST_F(ReindexerTest, RefusesTheNewFieldUntilOldRowsHaveItAndThenFindsThem) {
  Forget();
  auto early = OnFloor(2);
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(early.status().reason(), "FIELD_BEING_INDEXED");
  EXPECT_EQ(early.status().metadata().at("field"), "floor");

  Reindexer reindexer(MuseumTypes(), store_, committer_);
  EXPECT_TRUE(*reindexer.Step({}));
  EXPECT_TRUE(*reindexer.Step({})) << "the first batch is under way";
  while (committer_.FlushOnce()) {
  }
  EXPECT_FALSE(*reindexer.Step({}));
  auto found = OnFloor(2);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_EQ(found->size(), 2u);
}

TEST_F(ReindexerTest, ChangesNeitherVersionsNorTheLog) {
  int64_t head = store_.LogHead({})->first;
  Forget();
  Reindexer reindexer(MuseumTypes(), store_, committer_);
  ASSERT_TRUE(*reindexer.Step({}));
  while (committer_.FlushOnce()) {
  }
  EXPECT_EQ(store_.LogHead({})->first, head);
  auto found = OnFloor(2);
  ASSERT_TRUE(found.ok() && !found->empty());
  for (const auto& listed : *found) EXPECT_EQ(listed.record.version, 1);
}

TEST_F(ReindexerTest, LeavesARecordToTheChangeThatOvertakesIt) {
  Forget();
  Reindexer reindexer(MuseumTypes(), store_, committer_);
  ASSERT_TRUE(*reindexer.Step({}));
  Room moved = RoomOf(7);
  moved.set_name("rooms/" + NamedUuid("room", "1").ToString());
  Put(moved);  // before the batch is committed
  while (committer_.FlushOnce()) {
  }
  EXPECT_FALSE(*reindexer.Step({}));
  EXPECT_EQ(OnFloor(7)->size(), 1u);
  EXPECT_EQ(OnFloor(1)->size(), 0u);
}

TEST_F(ReindexerTest, AnotherTenantsOldRowsHinderNobody) {
  Forget();
  schema_.Execute("UPDATE rooms SET tenant = '00000000-0000-0000-0000-000000000009'");
  EXPECT_TRUE(OnFloor(2).ok());
}

}  // namespace
}  // namespace crm::test
