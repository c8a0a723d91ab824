// The relay on a real broker. Its log is a MemoryStore, whose behaviour is PgStore's by the
// conformance suite, so that what is tested is what happens between log and topic.
#include "libs/events/relay.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "libs/command/memory_store.h"
#include "libs/command/store_conformance.h"
#include "libs/events/test_topic.h"
#include "libs/kafka/admin.h"
#include "libs/testing/eventually.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/kafka_process.h"

namespace crm::events {
namespace {

using kernel::v1::LogRow;
using test::Eventually;
using testing::v1::Exhibit;

constexpr Uuid kTenant{{1}};

// Counts how often the log is read.
class CountedStore final : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  Result<std::vector<LogRow>> ReadLog(const LogQuery& query, std::stop_token stop) override {
    ++reads;
    return MemoryStore::ReadLog(query, std::move(stop));
  }
  std::atomic<int> reads = 0;
};

// A log that can be written by several replicas, and read from Kafka.
class RelayTest : public ::testing::Test {
 protected:
  // One process: its committer, and maybe a relay fed by it.
  struct Replica {
    Replica(RelayTest& test, const std::string& holder, Duration ahead = {},
            std::chrono::milliseconds cursor_interval = std::chrono::milliseconds(20))
        : clock(SystemClock().Now() + ahead),
          committer(test.store_, {},
                    [this](std::vector<LogRow> rows) {
                      if (!offering) return;
                      const double expected = Hot() + static_cast<double>(rows.size());
                      relay->Offer(std::move(rows));
                      left_at_once = Hot() == expected;
                    }),
          decider(test.store_, test.clock_, &committer) {
      RelayOptions options;
      options.service = "museum";
      options.topic = test.topic_;
      options.kafka.brokers = test.address_;
      options.holder = holder;
      options.cursor_interval = cursor_interval;
      relay = std::make_unique<Relay>(options, test::MuseumTypes(), test.store_, committer, clock,
                                      log, metrics);
      committer.Start();
    }
    ~Replica() {
      relay->Stop(std::chrono::milliseconds(0));
      committer.Stop();
    }

    CommitResult::Outcome Commit(const test::Decider::Handler& change) {
      auto outcome = CommitResult::Outcome::kFailed;
      EXPECT_TRUE(committer
                      .Submit(decider.Decide(kTenant, change),
                              [&](CommitResult result) { outcome = result.outcome; })
                      .ok());
      committer.Drain();
      return outcome;
    }

    // Commits `count` changes of ten exhibits in turn.
    void Write(int count) {
      for (int i = 0; i < count; ++i) {
        Uuid id;
        id.bytes[15] = static_cast<uint8_t>(i % 10);
        std::string name = "exhibits/" + id.ToString();
        auto change = [&](Call& call) {
          auto known = call.Find<Exhibit>(name);
          Exhibit next = *known ? **known : Exhibit();
          next.set_name(name);
          next.set_year(next.year() + 1);
          return call.StoreWithFact(next, *known ? "updated" : "created");
        };
        // Decided again where another replica has changed what this one saw last.
        if (Commit(change) == CommitResult::Outcome::kStale) {
          ASSERT_EQ(Commit(change), CommitResult::Outcome::kCommitted);
        }
      }
    }

    // Commits a change of each of `count` exhibits in one group, or two.
    void WriteTogether(uint8_t count) {
      for (uint8_t i = 0; i < count; ++i) {
        Uuid id{{2}};
        id.bytes[15] = i;
        auto change = [&](Call& call) {
          Exhibit next;
          next.set_name("exhibits/" + id.ToString());
          auto known = call.Find<Exhibit>(next.name());
          next.set_year(*known ? (**known).year() + 1 : 1);
          return call.StoreWithFact(next, *known ? "updated" : "created");
        };
        ASSERT_TRUE(committer.Submit(decider.Decide(kTenant, change), [](CommitResult) {}).ok());
      }
      committer.Drain();
    }

    double Hot() {
      return metrics
          .AddCounter({.name = "crm_relay_hot_events_total",
                       .help = "Events that went from the commit to Kafka without a read.",
                       .labels = {"service"}})
          .With({"museum"})
          .value();
    }

    // For leases; stands still, so that one's lease never ends for itself.
    ManualClock clock;
    log::Logger log = log::Logger::Silent();
    metrics::Registry metrics;
    std::atomic<bool> offering = true;
    std::atomic<bool> left_at_once = false;  // of the last commit
    std::unique_ptr<Relay> relay;
    Committer committer;
    test::Decider decider;
  };

  int64_t Cursor() {
    const RecordType& type = *test::MuseumTypes().Find(kernel::v1::RelayCursor::descriptor());
    auto record = store_.Get({&type, Uuid{}, NamedUuid("relay", "museum")}, {});
    kernel::v1::RelayCursor cursor;
    EXPECT_TRUE(!*record || cursor.ParseFromString((*record)->body));
    return cursor.cursor();
  }
  int64_t Head() { return store_.LogHead({})->first; }
  ::testing::AssertionResult Relayed() {
    return Eventually([&] { return Cursor() == Head(); });
  }

  std::vector<LogRow> Topic() { return ReadTopic(address_, topic_); }
  void ExpectWholeLog(const std::vector<LogRow>& rows) {
    EXPECT_EQ(CountWithoutGaps(rows), Head());
  }

  test::KafkaBroker broker_;
  std::string address_ = broker_.address();
  std::string topic_ = broker_.prefix() + "crm.museum.v1";
  SystemClock clock_;
  CountedStore store_{test::MuseumTypes(), clock_};
};

TEST_F(RelayTest, CopiesWhatWasCommittedBeforeAndAfterItsStart) {
  Replica replica(*this, "one");
  replica.offering = false;
  replica.Write(25);
  replica.offering = true;
  replica.relay->Start();
  ASSERT_TRUE(Relayed());
  replica.Write(50);
  ASSERT_TRUE(Relayed());
  auto rows = Topic();
  ASSERT_EQ(rows.size(), 75u) << "nothing is repeated where nothing failed";
  ExpectWholeLog(rows);
  EXPECT_GT(replica.Hot(), 0);
}

TEST_F(RelayTest, DoesNotReadTheLogWhileCommitsHandOverAllThatIsInIt) {
  Replica replica(*this, "one", {}, std::chrono::hours(1));
  replica.relay->Start();
  auto arrives = [&](size_t count) { return Eventually([&] { return Topic().size() == count; }); };
  replica.Write(1);
  ASSERT_TRUE(arrives(1));
  const int reads = store_.reads;
  for (size_t count = 2; count <= 10; ++count) {
    replica.Write(1);
    ASSERT_TRUE(arrives(count));
  }
  EXPECT_EQ(store_.reads, reads);
  // What was not handed over is missed by the next that is.
  replica.offering = false;
  replica.Write(1);
  replica.offering = true;
  replica.Write(1);
  ASSERT_TRUE(arrives(12));
  EXPECT_GT(store_.reads, reads);
  ExpectWholeLog(Topic());
}

// Where the relaying thread sleeps, rows have left when Offer comes back.
TEST_F(RelayTest, SendsAFewRowsOnTheCommittingThread) {
  Replica replica(*this, "one", {}, std::chrono::hours(1));
  replica.relay->Start();
  auto leaves_at_once = [&] {
    replica.Write(1);
    return replica.left_at_once.load();
  };
  // By chance one or two of another thread's could look so.
  ASSERT_TRUE(Eventually([&] {
    int in_a_row = 0;
    while (in_a_row < 20 && leaves_at_once()) ++in_a_row;
    return in_a_row == 20;
  }));
  const auto written = static_cast<size_t>(Head());
  ASSERT_TRUE(Eventually([&] { return Topic().size() == written; }));
  ExpectWholeLog(Topic());
}

TEST_F(RelayTest, KeepsTheOrderOfGroupsThatLeaveAtOnceAndThoseThatWait) {
  Replica replica(*this, "one");
  replica.relay->Start();
  for (int i = 0; i < 60; ++i) {
    replica.WriteTogether(i % 3 == 0 ? 40 : 1);
    replica.Write(i % 5);
  }
  ASSERT_TRUE(Relayed());
  EXPECT_EQ(static_cast<int64_t>(Topic().size()), Head());
  ExpectWholeLog(Topic());
}

TEST_F(RelayTest, KeepsEveryFieldOfARow) {
  Replica replica(*this, "one");
  replica.relay->Start();
  replica.Write(1);
  ASSERT_TRUE(Relayed());
  auto rows = Topic();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.front().SerializeAsString(), store_.ReadLog({}, {})->front().SerializeAsString());
}

TEST_F(RelayTest, CopiesWhatOtherReplicasCommit) {
  Replica one(*this, "one"), two(*this, "two");
  one.relay->Start();
  one.Write(10);
  two.offering = false;
  two.Write(10);
  one.Write(10);
  ASSERT_TRUE(Relayed());
  ExpectWholeLog(Topic());
}

TEST_F(RelayTest, LeavesTheCopyingToTheHolderOfTheLease) {
  Replica one(*this, "one"), two(*this, "two");
  one.relay->Start();
  one.Write(10);
  ASSERT_TRUE(Relayed());
  two.relay->Start();
  two.Write(10);
  one.Write(10);
  ASSERT_TRUE(Relayed());
  EXPECT_EQ(Topic().size(), 30u);
  // Given back, it is taken at once.
  one.relay->Stop(std::chrono::seconds(5));
  two.Write(10);
  ASSERT_TRUE(Relayed());
  auto rows = Topic();
  EXPECT_EQ(rows.size(), 40u);
  ExpectWholeLog(rows);
}

// To each new replica the lease of the one before has ended, as after a pause; the old one does not
// know and goes on.
TEST_F(RelayTest, SkipsNothingWhereOneWithoutItsLeaseGoesOn) {
  std::vector<std::unique_ptr<Replica>> replicas;
  for (int i = 0; i < 5; ++i) {
    replicas.push_back(
        std::make_unique<Replica>(*this, std::to_string(i), std::chrono::hours(i + 1)));
    replicas.back()->Write(20);
    replicas.back()->relay->Start();
    for (auto& replica : replicas) replica->Write(20);
    ASSERT_TRUE(Relayed());
  }
  ExpectWholeLog(Topic());
}

TEST_F(RelayTest, SendsAgainWhatATopicHasLost) {
  {
    Replica first(*this, "one");
    first.relay->Start();
    first.Write(30);
    ASSERT_TRUE(Relayed());
    first.relay->Stop(std::chrono::seconds(5));
  }
  kafka::ClientOptions options;
  options.brokers = address_;
  auto admin = kafka::Admin::Create(options);
  auto soon = [] { return std::chrono::steady_clock::now() + std::chrono::seconds(20); };
  ASSERT_TRUE((*admin)->DeleteTopics({topic_}, soon()).ok());
  ASSERT_TRUE(Eventually([&] {
    auto count = (*admin)->CountPartitions(topic_, soon());
    return count.ok() && !*count;
  }));
  Replica second(*this, "two");
  second.relay->Start();
  second.Write(10);
  ASSERT_TRUE(Eventually([&] { return Topic().size() >= 40; }));
  ASSERT_TRUE(Relayed());
  ExpectWholeLog(Topic());
}

TEST_F(RelayTest, WaitsForABrokerThatIsAwayUnderWritesAndThenDrains) {
  test::KafkaProcess away;
  away.Start();
  address_ = away.address();
  Replica replica(*this, "one");
  replica.relay->Start();
  replica.Write(20);
  ASSERT_TRUE(Relayed());
  away.Kill();
  replica.Write(40);
  EXPECT_LT(Cursor(), Head());
  away.Start();
  ASSERT_TRUE(Relayed());
  ExpectWholeLog(Topic());
}

// A broker that comes back with an older disk, under a relay that goes on. Where the image is of
// before the first event of a partition, the broker does not know the producer there and would take
// whatever it is sent.
TEST_F(RelayTest, SendsAgainWhatARestoredBrokerHasLostBeforeAnythingNew) {
  for (int kept : {0, 20}) {
    test::KafkaProcess broker;
    broker.Start();
    address_ = broker.address();
    topic_ = "restored" + std::to_string(kept);
    Replica replica(*this, topic_);
    replica.relay->Start();
    replica.Write(kept);
    ASSERT_TRUE(Eventually([&] { return Topic().size() >= static_cast<size_t>(kept); }));
    ASSERT_TRUE(Relayed());
    broker.Stop();
    broker.KeepImage();
    broker.Start();
    replica.Write(30);
    ASSERT_TRUE(Relayed());
    broker.Kill();
    broker.RestoreImage();
    replica.Write(10);
    broker.Start();
    ASSERT_TRUE(Eventually([&] { return Topic().size() >= static_cast<size_t>(Head()); }));
    ASSERT_TRUE(Relayed());
    ExpectWholeLog(Topic());
  }
}

}  // namespace
}  // namespace crm::events
