// Two services' processes on one database, whose transactions are stopped between taking their
// numbers and their commit and let go in the other order. What a reader of "greater than the last
// seen" then skips is the difference between log_head and a sequence.
//
// CRM_INTERLEAVINGS=10000 runs more of them, CRM_SEED=7 others; a failure names its round.
#include <gtest/gtest.h>

#include <future>
#include <random>

#include "libs/command/memory_store.h"
#include "libs/command/pg_store.h"
#include "libs/command/store_conformance.h"
#include "libs/events/relay.h"
#include "libs/events/test_topic.h"
#include "libs/testing/eventually.h"
#include "libs/testing/kafka_broker.h"

namespace crm::events {
namespace {

using kernel::v1::LogRow;
using testing::v1::Exhibit;

constexpr Uuid kTenant{{1}};
// The class of the advisory locks that stop a transaction; the key is its process's number.
constexpr const char* kGate = "4711";

unsigned FromEnvironment(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

std::vector<pg::Migration> MuseumWithGates() {
  auto migrations = test::MuseumMigrations();
  migrations.push_back({"9000_gates", std::string(R"(
      CREATE FUNCTION stop_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE process text := current_setting('application_name');
      BEGIN
        IF process LIKE 'process%' THEN
          PERFORM pg_advisory_xact_lock_shared()") +
                                          kGate + R"(, substr(process, 8)::int);
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER stop_at_gate AFTER INSERT ON log
        FOR EACH STATEMENT EXECUTE FUNCTION stop_at_gate();)"});
  return migrations;
}

// One process of the service: its connections, its store, its committer.
struct OneProcess {
  OneProcess(const test::PgSchema& schema, int number_in, Committer::OnCommitted heard = nullptr)
      : number(number_in),
        database(Open(schema.options())),
        scan(Open(schema.scan_options())),
        store(*database, *scan),
        committer(store, {}, std::move(heard)) {}

  std::unique_ptr<pg::Database> Open(pg::DatabaseOptions options) {
    options.dsn += " options='-c synchronous_commit=off'";
    if (number > 0) options.dsn += " application_name=process" + std::to_string(number);
    auto opened = pg::Database::Open(options);
    if (!opened.ok()) throw std::runtime_error(opened.status().ToString());
    return std::move(*opened);
  }

  // Creations, decided elsewhere; committed by the next FlushOnce as one group.
  void Queue(test::Decider& decider, int count) {
    for (int i = 0; i < count; ++i) {
      auto set = decider.Decide(kTenant, [](Call& call) {
        Exhibit exhibit;
        exhibit.set_name("exhibits/" + call.NewId().ToString());
        return call.StoreWithFact(exhibit, "created");
      });
      ASSERT_TRUE(committer
                      .Submit(std::move(set),
                              [this](CommitResult result) {
                                failed += result.outcome != CommitResult::Outcome::kCommitted;
                              })
                      .ok());
    }
  }
  void Begin() {
    flush = std::async(std::launch::async, [this] { committer.FlushOnce(); });
  }
  bool done() const { return flush.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

  const int number;
  std::unique_ptr<pg::Database> database, scan;
  PgStore store;
  Committer committer;
  std::future<void> flush;
  int failed = 0;
};

class Interleavings : public ::testing::Test {
 protected:
  void Execute(const std::string& sql) {
    auto done = keeper_->Run(std::vector<pg::Statement>{{sql, {}}});
    if (!done.ok()) throw std::runtime_error(done.status().ToString());
  }
  std::string Key(const OneProcess& process) {
    return "(" + std::string(kGate) + "," + std::to_string(process.number) + ")";
  }
  void Shut(const OneProcess& process) { Execute("SELECT pg_advisory_lock" + Key(process)); }
  void Open(const OneProcess& process) { Execute("SELECT pg_advisory_unlock" + Key(process)); }

  // What the process's transaction waits for: "advisory" is its gate; empty: nothing.
  std::string WaitsFor(const OneProcess& process) {
    auto rows = keeper_->Run(std::vector<pg::Statement>{
        {"SELECT coalesce(min(wait_event), '') FROM pg_stat_activity WHERE usename = $1::text AND "
         "application_name = $2::text AND wait_event_type = 'Lock'",
         {pg::Value(schema_.name()), pg::Value("process" + std::to_string(process.number))}}});
    if (!rows.ok()) throw std::runtime_error(rows.status().ToString());
    return rows->front().GetString(0, 0);
  }
  void AwaitStop(const OneProcess& process) {
    while (!process.done() && WaitsFor(process).empty()) std::this_thread::yield();
  }
  // It has ended, or waits for the other one's number.
  void AwaitEndOrHead(const OneProcess& process) {
    while (!process.done()) {
      std::string event = WaitsFor(process);
      if (!event.empty() && event != "advisory") return;
      std::this_thread::yield();
    }
  }

  // As a relay does it, an event stream or a rebuild.
  void ReadOn() {
    LogQuery query;
    query.after_seq = last_seen_;
    auto rows = reader_.ReadLog(query, {});
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    for (const auto& row : *rows) {
      ++seen_;
      last_seen_ = row.seq();
    }
  }

  // Both take their numbers one after the other; mostly the second may commit first.
  void Round(OneProcess& one, OneProcess& two, std::mt19937& random) {
    for (auto* process : {&one, &two}) process->Queue(decider_, 1 + static_cast<int>(random() % 3));
    auto [first, second] = random() % 2 == 0 ? std::pair(&one, &two) : std::pair(&two, &one);
    bool reversed = random() % 4 != 0;
    Shut(*first);
    Shut(*second);
    first->Begin();
    AwaitStop(*first);
    second->Begin();
    AwaitStop(*second);
    if (random() % 4 == 0) ReadOn();
    Open(reversed ? *second : *first);
    AwaitEndOrHead(reversed ? *second : *first);
    ReadOn();
    Open(reversed ? *first : *second);
    first->flush.get();
    second->flush.get();
    if (random() % 2 == 0) ReadOn();
  }

  // How many rows the reader has missed after that many rounds.
  int64_t MissedIn(unsigned rounds, OneProcess& one, OneProcess& two) {
    std::mt19937 random(FromEnvironment("CRM_SEED", 1));
    for (unsigned round = 0; round < rounds; ++round) {
      Round(one, two, random);
      EXPECT_EQ(one.failed + two.failed, 0) << "round " << round;
      if (one.failed + two.failed > 0) break;
    }
    ReadOn();
    return schema_.Execute("SELECT count(*) FROM log").GetInt(0, 0) - seen_;
  }

  test::PgSchema schema_{MuseumWithGates()};
  std::unique_ptr<pg::Session> keeper_ = std::move(*schema_.owner().OpenSession());
  PgStore reader_{schema_.database(), schema_.scan()};
  ManualClock clock_{test::kMonday};
  MemoryStore nothing_{test::MuseumTypes(), clock_};
  test::Decider decider_{nothing_, clock_};
  int64_t last_seen_ = 0, seen_ = 0;
};

TEST_F(Interleavings, OfTwoReplicasNeverLetTheRelaySkip) {
  test::KafkaBroker broker;
  SystemClock clock;
  log::Logger log = log::Logger::Silent();
  metrics::Registry metrics;
  // The relay of the first process: it is handed that one's rows, and reads the other's.
  OneProcess relaying(schema_, 0);
  RelayOptions options;
  options.service = "museum";
  options.topic = broker.prefix() + "crm.museum.v1";
  options.kafka.brokers = broker.address();
  options.holder = "one";
  Relay relay(options, test::MuseumTypes(), relaying.store, relaying.committer, clock, log,
              metrics);
  OneProcess one(schema_, 1, [&](std::vector<LogRow> rows) { relay.Offer(std::move(rows)); });
  OneProcess two(schema_, 2);
  relaying.committer.Start();
  relay.Start();
  EXPECT_EQ(MissedIn(FromEnvironment("CRM_INTERLEAVINGS", 2000), one, two), 0)
      << "CRM_SEED=" << FromEnvironment("CRM_SEED", 1);
  EXPECT_EQ(last_seen_, seen_) << "the numbers are dense";
  relay.Stop(std::chrono::seconds(30));
  relaying.committer.Stop();
  EXPECT_EQ(CountWithoutGaps(ReadTopic(options.kafka.brokers, options.topic)), seen_);
}

TEST_F(Interleavings, LetTheRelaySkipWhereNumbersComeFromASequence) {
  schema_.Execute("ALTER TABLE log_head RENAME TO locked_head");
  schema_.Execute("CREATE SEQUENCE plain");
  schema_.Execute(
      "CREATE VIEW log_head AS SELECT 0::bigint AS seq, clock_timestamp() AS recorded_at");
  schema_.Execute(
      "CREATE FUNCTION number_by_sequence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
      "SET search_path FROM CURRENT AS $$ BEGIN "
      "NEW.seq := (SELECT max(nextval('plain')) FROM generate_series(1, NEW.seq)); "
      "RETURN NEW; END $$");
  schema_.Execute(
      "CREATE TRIGGER number_by_sequence INSTEAD OF UPDATE ON log_head FOR EACH ROW "
      "EXECUTE FUNCTION number_by_sequence()");
  schema_.Execute("GRANT SELECT, UPDATE ON log_head TO " + schema_.name());
  OneProcess one(schema_, 1), two(schema_, 2);
  EXPECT_GT(MissedIn(50, one, two), 0);
}

}  // namespace
}  // namespace crm::events
