#include "libs/command/committer.h"

#include <gtest/gtest.h>

#include <future>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "libs/command/memory_store.h"
#include "libs/testing/clock.h"

namespace crm {
namespace {

using testing::v1::Exhibit;

class CommitterTest : public ::testing::Test {
 protected:
  // A set that moves one record from a version to the next, without an event.
  std::unique_ptr<WriteSet> Move(int record, int64_t from) {
    auto set = std::make_unique<WriteSet>();
    set->tenant = tenant_;
    RecordKey key = Key(record);
    set->checks.push_back({key, from});
    Exhibit exhibit;
    exhibit.set_name(key.name());
    set->records.push_back(MakeRecordWrite(key, from + 1, exhibit));
    kernel::v1::LogRow row;
    row.set_tenant(tenant_.bytes.data(), tenant_.bytes.size());
    row.set_subject(key.name());
    row.set_version(from + 1);
    set->log.push_back(row);
    return set;
  }
  RecordKey Key(int record) const {
    return {&types_.Of(Exhibit::descriptor()), tenant_,
            NamedUuid("record", std::to_string(record))};
  }
  int64_t Stored(int record) {
    auto stored = *store_.Get(Key(record), {});
    return stored ? stored->version : 0;
  }
  Committer::Done Into(std::vector<CommitResult>& results) {
    return [&results](CommitResult result) { results.push_back(std::move(result)); };
  }

  RecordTypes types_{{Exhibit::descriptor()}};
  ManualClock clock_{test::kMonday};
  MemoryStore store_{types_, clock_};
  Uuid tenant_ = NamedUuid("tenant", "1");
  std::vector<kernel::v1::LogRow> pushed_;
  Committer committer_{store_, CommitterOptions{.group_sets = 3, .queue_limit = 5},
                       [this](const std::vector<kernel::v1::LogRow>& rows) {
                         pushed_.insert(pushed_.end(), rows.begin(), rows.end());
                       }};
  std::vector<CommitResult> results_;
};

TEST_F(CommitterTest, CommitsWhatGatheredAsOneGroupAndPushesItsRowsFirst) {
  size_t pushed_when_done = 0;
  for (int record : {1, 2, 3}) {
    ASSERT_TRUE(committer_
                    .Submit(Move(record, 0),
                            [&](CommitResult result) {
                              pushed_when_done = pushed_.size();
                              results_.push_back(std::move(result));
                            })
                    .ok());
  }
  EXPECT_FALSE(committer_.idle());
  EXPECT_TRUE(committer_.FlushOnce());
  ASSERT_EQ(results_.size(), 3u);
  EXPECT_EQ(pushed_when_done, 3u);
  for (int64_t i : {1, 2, 3}) {
    EXPECT_EQ(Stored(static_cast<int>(i)), 1);
    EXPECT_EQ(pushed_[static_cast<size_t>(i - 1)].seq(), i);
  }
  EXPECT_TRUE(committer_.idle());
  EXPECT_FALSE(committer_.FlushOnce());
}

TEST_F(CommitterTest, BoundsAGroup) {
  for (int record : {1, 2, 3, 4})
    ASSERT_TRUE(committer_.Submit(Move(record, 0), Into(results_)).ok());
  committer_.FlushOnce();
  EXPECT_EQ(results_.size(), 3u);
  committer_.FlushOnce();
  EXPECT_EQ(results_.size(), 4u);
}

TEST_F(CommitterTest, ShowsWhatIsPendingUntilItIsCommitted) {
  EXPECT_FALSE(committer_.Pending(Key(1)));
  ASSERT_TRUE(committer_.Submit(Move(1, 0), Into(results_)).ok());
  ASSERT_TRUE(committer_.Pending(Key(1)));
  EXPECT_EQ(committer_.Pending(Key(1))->record.version, 1);
  // A successor decided on the pending state joins behind it.
  ASSERT_TRUE(committer_.Submit(Move(1, 1), Into(results_)).ok());
  EXPECT_EQ(committer_.Pending(Key(1))->record.version, 2);
  committer_.FlushOnce();
  EXPECT_EQ(Stored(1), 2);
  EXPECT_FALSE(committer_.Pending(Key(1)));
}

TEST_F(CommitterTest, SaysAtOnceThatASetIsStaleAgainstWhatIsPending) {
  ASSERT_TRUE(committer_.Submit(Move(1, 0), Into(results_)).ok());
  std::vector<CommitResult> second;
  ASSERT_TRUE(committer_.Submit(Move(1, 0), Into(second)).ok());
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].outcome, CommitResult::Outcome::kStale);
  EXPECT_TRUE(second[0].pending_conflict);
  EXPECT_EQ(*second[0].stale, Key(1));
  committer_.FlushOnce();
  EXPECT_EQ(results_[0].outcome, CommitResult::Outcome::kCommitted);
}

// Another replica stores version 1 of the record, while a set that would have stored another
// version 1 is pending here.
TEST_F(CommitterTest, DropsWhatIsBasedOnASetThatDropsOut) {
  std::vector<CommitResult> successor, heir, neighbour;
  ASSERT_TRUE(committer_.Submit(Move(1, 0), Into(results_)).ok());
  ASSERT_TRUE(committer_.Submit(Move(1, 1), Into(successor)).ok());
  ASSERT_TRUE(committer_.Submit(Move(2, 0), Into(neighbour)).ok());
  ASSERT_TRUE(committer_.Submit(Move(1, 2), Into(heir)).ok());  // of the next group
  auto elsewhere = Move(1, 0);
  const WriteSet* moved[] = {elsewhere.get()};
  store_.Commit(moved, {});
  committer_.FlushOnce();
  EXPECT_EQ(results_[0].outcome, CommitResult::Outcome::kStale);
  EXPECT_FALSE(results_[0].pending_conflict);
  EXPECT_EQ(successor[0].outcome, CommitResult::Outcome::kStale);
  EXPECT_EQ(neighbour[0].outcome, CommitResult::Outcome::kCommitted);
  ASSERT_EQ(heir.size(), 1u) << "it is told at once";
  EXPECT_EQ(heir[0].outcome, CommitResult::Outcome::kStale);
  EXPECT_EQ(*heir[0].stale, Key(1));
  EXPECT_TRUE(committer_.idle());
  EXPECT_FALSE(committer_.Pending(Key(1)));
  EXPECT_EQ(Stored(1), 1);
}

TEST_F(CommitterTest, RefusesASetThatWasDecidedOnWhatHasDroppedOutSince) {
  ASSERT_TRUE(committer_.Submit(Move(1, 0), Into(results_)).ok());
  auto late = Move(1, 1);
  late->checks[0].based_on = committer_.Pending(Key(1))->writer;
  auto elsewhere = Move(1, 0);
  const WriteSet* moved[] = {elsewhere.get()};
  store_.Commit(moved, {});
  committer_.FlushOnce();
  std::vector<CommitResult> second;
  ASSERT_TRUE(committer_.Submit(std::move(late), Into(second)).ok());
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].outcome, CommitResult::Outcome::kStale);
  EXPECT_TRUE(second[0].pending_conflict);
}

TEST_F(CommitterTest, LeavesTheNeighboursOfAStaleSetAlone) {
  std::vector<CommitResult> neighbour;
  auto stale = Move(1, 0);
  stale->checks.push_back({Key(3), 7});  // a version that never was
  ASSERT_TRUE(committer_.Submit(std::move(stale), Into(results_)).ok());
  ASSERT_TRUE(committer_.Submit(Move(2, 0), Into(neighbour)).ok());
  committer_.FlushOnce();
  EXPECT_EQ(results_[0].outcome, CommitResult::Outcome::kStale);
  EXPECT_EQ(*results_[0].stale, Key(3));
  EXPECT_EQ(neighbour[0].outcome, CommitResult::Outcome::kCommitted);
  EXPECT_EQ(Stored(1), 0);
}

TEST_F(CommitterTest, RefusesWhatWouldWaitTooLong) {
  for (int record = 0; record < 5; ++record) {
    ASSERT_TRUE(committer_.Submit(Move(record, 0), Into(results_)).ok());
  }
  Status full = committer_.Submit(Move(9, 0), Into(results_));
  EXPECT_EQ(full.code(), Code::kResourceExhausted);
  EXPECT_TRUE(full.retry_after().has_value());
  EXPECT_FALSE(committer_.Pending(Key(9)));
}

TEST_F(CommitterTest, RefusesASetThatTouchesAnotherTenant) {
  auto set = Move(1, 0);
  set->tenant = NamedUuid("tenant", "2");
  EXPECT_EQ(committer_.Submit(std::move(set), Into(results_)).code(), Code::kInternal);
  EXPECT_TRUE(committer_.idle());
}

TEST_F(CommitterTest, RefusesAnEventThatTheBrokerWouldRefuse) {
  auto set = Move(1, 0);
  set->log[0].set_body(std::string(CommitterOptions().event_bytes + 1, 'x'));
  Status refused = committer_.Submit(std::move(set), Into(results_));
  EXPECT_EQ(refused.code(), Code::kInvalidArgument);
  EXPECT_EQ(refused.reason(), "RECORD_TOO_LARGE");
  EXPECT_TRUE(committer_.idle());
}

TEST_F(CommitterTest, SaysThatThereIsWorkWhenTheFirstSetComes) {
  int calls = 0;
  committer_.set_on_work([&calls] { ++calls; });
  ASSERT_TRUE(committer_.Submit(Move(1, 0), Into(results_)).ok());
  ASSERT_TRUE(committer_.Submit(Move(2, 0), Into(results_)).ok());
  EXPECT_EQ(calls, 1);
}

TEST_F(CommitterTest, CommitsWhatIsQueuedBeforeItStops) {
  Committer threaded(store_, {}, nullptr);
  std::promise<CommitResult> done;
  ASSERT_TRUE(
      threaded.Submit(Move(1, 0), [&](CommitResult result) { done.set_value(std::move(result)); })
          .ok());
  threaded.Start();
  threaded.Stop();
  EXPECT_EQ(done.get_future().get().outcome, CommitResult::Outcome::kCommitted);
  EXPECT_EQ(threaded.Submit(Move(2, 0), Into(results_)).code(), Code::kResourceExhausted);
}

// Says when a commit begins; the first waits until it may.
class GatedStore final : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  std::vector<CommitResult> Commit(std::span<const WriteSet* const> group,
                                   std::stop_token stop) override {
    if (++commits == 1) {
      first_begins.set_value();
      first_may_go.get_future().wait();
    } else {
      second_begins.set_value();
    }
    return MemoryStore::Commit(group, std::move(stop));
  }
  int commits = 0;
  std::promise<void> first_begins, first_may_go, second_begins;
};

TEST_F(CommitterTest, CommitsTheNextGroupWhileOneIsAnswered) {
  GatedStore store(types_, clock_);
  Committer threaded(store, {}, nullptr);
  threaded.Start();
  std::vector<int> answered;
  auto second_begins = store.second_begins.get_future();
  ASSERT_TRUE(threaded
                  .Submit(Move(1, 0),
                          [&](CommitResult) {
                            auto began = second_begins.wait_for(std::chrono::seconds(30));
                            EXPECT_EQ(began, std::future_status::ready);
                            answered.push_back(1);
                          })
                  .ok());
  store.first_begins.get_future().wait();
  ASSERT_TRUE(threaded.Submit(Move(2, 0), [&](CommitResult) { answered.push_back(2); }).ok());
  store.first_may_go.set_value();
  threaded.Drain();
  EXPECT_EQ(answered, (std::vector{1, 2})) << "in the order of commits, all before Drain is back";
}

}  // namespace
}  // namespace crm
