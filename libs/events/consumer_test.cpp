// What becomes of an event, without a broker: once in effect, retried, parked, replayed.
#include "libs/events/consumer.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "libs/command/record_codec.h"
#include "libs/testing/call_harness.h"

namespace crm::events {
namespace {

using kernel::v1::DeadLetter;
using kernel::v1::InboxEntry;
using kernel::v1::LogRow;
using testing::v1::Exhibit;
using testing::v1::ExhibitEvent;
using testing::v1::Room;

constexpr const char* kExhibit = "exhibits/00000000-0000-0000-0000-000000000001";
constexpr const char* kRoom = "rooms/00000000-0000-0000-0000-000000000009";

// A consumer that writes what it saw into a room's name: "1;2;3;".
class ConsumerTest : public ::testing::Test {
 protected:
  ConsumerTest() {
    consumer_.name = "rooms.on_exhibits";
    consumer_.functions.insert(
        On<ExhibitEvent>([this](Call& call, const ExhibitEvent&, const Event& event) -> Status {
          ++runs_;
          auto failed = failures_.find(event.row.version());
          if (failed != failures_.end()) return failed->second;
          auto room = call.Find<Room>(kRoom);
          Room next = *room ? **room : Room();
          next.set_name(kRoom);
          next.set_display_name(next.display_name() + std::to_string(event.row.version()) + ";");
          return call.StoreWithFact(next, *room ? "updated" : "created");
        }));
    applier_ = std::make_unique<EventApplier>(consumer_, "rooms", service_.types(),
                                              service_.pipeline(), log_, metrics_);
  }

  LogRow Row(int64_t version, const std::string& type = "crm.testing.v1.ExhibitEvent") {
    LogRow row;
    row.set_seq(version);
    row.set_tenant(service_.tenant().bytes.data(), 16);
    row.set_subject(kExhibit);
    row.set_version(version);
    row.set_event_id(NamedUuid("event", std::to_string(version)).ToString());
    row.set_type("crm.testing.v1.ExhibitUpdated");
    row.set_payload_type(type);
    row.set_correlation("chain");
    ExhibitEvent event;
    event.mutable_exhibit()->set_name(kExhibit);
    row.set_body(event.SerializeAsString());
    return row;
  }
  Applied Apply(const LogRow& row, int attempt = 1) {
    std::optional<Applied> applied;
    applier_->Apply(row, attempt, [&](Applied result) { applied = result; });
    service_.Drain();
    return applied.value();
  }
  Result<int> Replay() {
    std::optional<Result<int>> count;
    applier_->Replay(service_.tenant(), kExhibit, [&](Result<int> result) { count = result; });
    service_.Drain();
    return count.value();
  }
  std::string Seen() {
    auto stored = service_.store().Get({&service_.type(Room::descriptor()), service_.tenant(),
                                        *service_.type(Room::descriptor()).ParseName(kRoom)},
                                       {});
    Room room;
    EXPECT_TRUE(!*stored || DecodeRecord((*stored)->body, room).ok());
    return room.display_name();
  }
  template <class M>
  std::vector<M> All() {
    ListQuery query;
    query.type = &service_.type(M::descriptor());
    query.tenant = service_.tenant();
    if (query.type->FindColumn("event_version")) query.order = {{"event_version", false}};
    std::vector<M> all;
    auto listed = service_.store().List(query, {});
    for (const auto& item : *listed)
      EXPECT_TRUE(all.emplace_back().ParseFromString(item.record.body));
    return all;
  }

  test::CallHarness service_{{Exhibit::descriptor(), Room::descriptor()}};
  EventConsumer consumer_;
  log::Logger log_ = log::Logger::Silent();
  metrics::Registry metrics_;
  std::unique_ptr<EventApplier> applier_;
  std::map<int64_t, Status> failures_;
  int runs_ = 0;
};

TEST_F(ConsumerTest, AppliesAnEventOnceHoweverOftenItComes) {
  for (int64_t version : {1, 1, 2, 1, 2, 3, 3}) EXPECT_EQ(Apply(Row(version)), Applied::kDone);
  EXPECT_EQ(Seen(), "1;2;3;");
  EXPECT_EQ(runs_, 3);
  ASSERT_EQ(All<InboxEntry>().size(), 1u);
  EXPECT_EQ(All<InboxEntry>()[0].last_version(), 3);
}

TEST_F(ConsumerTest, AppliesOneOfTwoThatAreUnderWayTogether) {
  int done = 0;
  for (int i = 0; i < 2; ++i) applier_->Apply(Row(1), 1, [&](Applied) { ++done; });
  service_.Drain();
  EXPECT_EQ(done, 2);
  EXPECT_EQ(Seen(), "1;");
}

TEST_F(ConsumerTest, LeadsFromTheEventToWhatItCaused) {
  Apply(Row(1));
  auto log = service_.Log();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].causation(), Row(1).event_id());
  EXPECT_EQ(log[0].correlation(), "chain");
  EXPECT_EQ(log[0].origin(), "consumer:rooms.on_exhibits");
}

TEST_F(ConsumerTest, SkipsTypesThatItDoesNotKnow) {
  EXPECT_EQ(Apply(Row(1, "crm.testing.v1.RoomEvent")), Applied::kDone);
  EXPECT_EQ(Apply(Row(1, "crm.future.v1.ThingEvent")), Applied::kDone);
  EXPECT_EQ(runs_, 0);
}

TEST_F(ConsumerTest, TakesWhatIsNotNamedByAStar) {
  int others = 0;
  consumer_.functions["*"] = [&others](Call&, const Event&) {
    ++others;
    return Status::Ok();
  };
  Apply(Row(1, "crm.testing.v1.RoomEvent"));
  EXPECT_EQ(others, 1);
  Apply(Row(2));
  EXPECT_EQ(others, 1);
  EXPECT_EQ(runs_, 1);
  // Of a program newer than this one: it waits in the dead letters until this one knows it.
  EXPECT_EQ(Apply(Row(3, "crm.future.v1.ThingEvent"), 1000), Applied::kParked);
}

TEST_F(ConsumerTest, SkipsFactsThatItDoesNotActOnWithoutACommit) {
  consumer_.facts = FactNames<testing::v1::ExhibitCreated>();
  EXPECT_EQ(Apply(Row(1)), Applied::kDone);
  EXPECT_EQ(runs_, 0);
  EXPECT_TRUE(All<InboxEntry>().empty());
  LogRow created = Row(2);
  created.set_type("crm.testing.v1.ExhibitCreated");
  EXPECT_EQ(Apply(created), Applied::kDone);
  EXPECT_EQ(Apply(created), Applied::kDone);
  EXPECT_EQ(Seen(), "2;");
}

TEST_F(ConsumerTest, BringsATransientFailureAgain) {
  failures_[1] = Unavailable("AWAY", "It is away.");
  for (int attempt = 1; attempt <= 100; ++attempt) {
    ASSERT_EQ(Apply(Row(1), attempt), Applied::kAgain);
  }
  EXPECT_TRUE(All<DeadLetter>().empty());
  failures_.clear();
  EXPECT_EQ(Apply(Row(1), 101), Applied::kDone);
  EXPECT_EQ(Seen(), "1;");
}

TEST_F(ConsumerTest, WaitsOnlyForSomeTimeForWhatIsMissing) {
  failures_[1] = NotFound("rooms/x");
  EXPECT_EQ(Apply(Row(1), 1), Applied::kAgain);
  EXPECT_EQ(Apply(Row(1), 1000), Applied::kParked);
}

TEST_F(ConsumerTest, ParksASubjectWithItsSuccessors) {
  failures_[2] = FailedPrecondition("NO_ROOM", "There is no room.");
  EXPECT_EQ(Apply(Row(1)), Applied::kDone);
  EXPECT_EQ(Apply(Row(2), 3), Applied::kParked);
  EXPECT_EQ(Apply(Row(3)), Applied::kParked);
  EXPECT_EQ(Apply(Row(2)), Applied::kDone) << "a repeat of what is parked";
  EXPECT_EQ(Seen(), "1;");
  auto letters = All<DeadLetter>();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].event_version(), 2);
  EXPECT_EQ(letters[0].code(), "FAILED_PRECONDITION");
  EXPECT_EQ(letters[0].reason(), "NO_ROOM");
  EXPECT_EQ(letters[0].attempts(), 3);
  EXPECT_EQ(letters[1].code(), "");
  EXPECT_TRUE(All<InboxEntry>()[0].parked());
}

TEST_F(ConsumerTest, ReplaysWhatWasParkedInOrderAndGoesOn) {
  failures_[2] = FailedPrecondition("NO_ROOM", "There is no room.");
  for (int64_t version : {1, 2, 3}) Apply(Row(version));
  EXPECT_EQ(Replay().status().reason(), "NO_ROOM");
  EXPECT_EQ(All<DeadLetter>().size(), 2u) << "what fails again stays";
  failures_.clear();
  auto replayed = Replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status().ToString();
  EXPECT_EQ(*replayed, 2);
  EXPECT_TRUE(All<DeadLetter>().empty());
  EXPECT_FALSE(All<InboxEntry>()[0].parked());
  EXPECT_EQ(Apply(Row(4)), Applied::kDone);
  EXPECT_EQ(Seen(), "1;2;3;4;");
  EXPECT_EQ(*Replay(), 0);
}

TEST_F(ConsumerTest, KeepsTheChainOfCausesThroughAReplay) {
  failures_[1] = FailedPrecondition("NO_ROOM", "There is no room.");
  Apply(Row(1));
  failures_.clear();
  ASSERT_TRUE(Replay().ok());
  ASSERT_EQ(service_.Log().size(), 1u);
  EXPECT_EQ(service_.Log()[0].causation(), Row(1).event_id());
  EXPECT_EQ(service_.Log()[0].correlation(), "chain");
}

TEST_F(ConsumerTest, AppliesEverythingAgainUnderANewGeneration) {
  Apply(Row(1));
  consumer_.generation = 2;
  Apply(Row(1));
  EXPECT_EQ(Seen(), "1;1;");
  EXPECT_EQ(All<InboxEntry>().size(), 2u);
}

TEST_F(ConsumerTest, RebuildsBesideTheLiveGeneration) {
  EventConsumer rebuilt = consumer_;
  rebuilt.generation = 2;
  EventApplier rebuild(rebuilt, "rooms", service_.types(), service_.pipeline(), log_, metrics_);
  // Live events go on arriving while the other generation reads the log from its beginning; one
  // that fails parks its subject in its own generation alone.
  for (int64_t live : {1, 2, 3}) Apply(Row(live));
  failures_[4] = FailedPrecondition("NO_ROOM", "There is no room.");
  EXPECT_EQ(Apply(Row(4)), Applied::kParked);
  failures_.clear();
  for (int64_t old : {1, 2, 3, 4}) {
    std::optional<Applied> applied;
    rebuild.Apply(Row(old), 1, [&](Applied result) { applied = result; });
    service_.Drain();
    EXPECT_EQ(applied, Applied::kDone);
    EXPECT_EQ(Apply(Row(old)), Applied::kDone) << "a repeat in the live generation";
  }
  EXPECT_EQ(Seen(), "1;2;3;1;2;3;4;");
  std::map<int64_t, std::pair<int64_t, bool>> inboxes;
  for (const auto& entry : All<InboxEntry>()) {
    inboxes[entry.generation()] = {entry.last_version(), entry.parked()};
  }
  EXPECT_EQ(inboxes, (decltype(inboxes){{1, {4, true}}, {2, {4, false}}}));
  ASSERT_EQ(All<DeadLetter>().size(), 1u);
  EXPECT_EQ(All<DeadLetter>()[0].generation(), 1);
}

}  // namespace
}  // namespace crm::events
