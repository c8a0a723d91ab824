// What only PostgreSQL can get wrong: several replicas on one schema, and a commit whose answer is
// lost.
#include "libs/command/pg_store.h"

#include <random>
#include <set>
#include <thread>

#include "libs/command/memory_store.h"
#include "libs/command/store_conformance.h"
#include "libs/command/timestamps.h"
#include "libs/testing/eventually.h"
#include "libs/testing/servers.h"
#include "libs/testing/tcp_gate.h"

namespace crm::test {
namespace {

using testing::v1::Exhibit;
using Outcome = CommitResult::Outcome;

constexpr Uuid kTenant{{1}};

std::string NameOf(int number) {
  Uuid id;
  id.bytes[14] = static_cast<uint8_t>(number >> 8);
  id.bytes[15] = static_cast<uint8_t>(number);
  return "exhibits/" + id.ToString();
}

Exhibit AnExhibit(int number) {
  Exhibit exhibit;
  exhibit.set_name(NameOf(number));
  exhibit.set_display_name("Exhibit");
  return exhibit;
}

Status Increment(Call& call, int number) {
  auto known = call.Find<Exhibit>(NameOf(number));
  if (!known.ok()) return known.status();
  Exhibit next = *known ? **known : AnExhibit(number);
  next.set_year(next.year() + 1);
  return call.StoreWithFact(next, *known ? "updated" : "created");
}

// One process's store on a schema that it shares with others.
struct Replica {
  explicit Replica(const PgSchema& schema, const std::string& settings = "") {
    auto open = [&](pg::DatabaseOptions options) {
      options.dsn += settings;
      auto opened = pg::Database::Open(options);
      if (!opened.ok()) throw std::runtime_error(opened.status().ToString());
      return std::move(*opened);
    };
    database = open(schema.options());
    scan = open(schema.scan_options());
    store = std::make_unique<PgStore>(*database, *scan);
    decider = std::make_unique<Decider>(*store, clock);
  }

  CommitResult Commit(const WriteSet& set, std::stop_token stop = {}) {
    const WriteSet* group[] = {&set};
    return store->Commit(group, std::move(stop)).front();
  }
  std::unique_ptr<WriteSet> Decide(const Decider::Handler& handler) {
    return decider->Decide(kTenant, handler);
  }

  ManualClock clock{kMonday};
  std::unique_ptr<pg::Database> database, scan;
  std::unique_ptr<PgStore> store;
  std::unique_ptr<Decider> decider;
};

// Commits both at the same moment.
std::pair<Outcome, Outcome> CommitAtOnce(Replica& a, const WriteSet& of_a, Replica& b,
                                         const WriteSet& of_b) {
  std::pair<Outcome, Outcome> outcomes;
  std::thread other([&] { outcomes.second = b.Commit(of_b).outcome; });
  outcomes.first = a.Commit(of_a).outcome;
  other.join();
  return outcomes;
}

bool ExactlyOne(std::pair<Outcome, Outcome> outcomes) {
  return (outcomes.first == Outcome::kCommitted && outcomes.second == Outcome::kStale) ||
         (outcomes.first == Outcome::kStale && outcomes.second == Outcome::kCommitted);
}

// A number without a durable disk is enough where no server dies.
constexpr const char* kFast = " options='-c synchronous_commit=off'";

TEST(PgStore, PutsSearchIndexesInOrderBesideCommits) {
  PgSchema schema(MuseumMigrations());
  Replica replica(schema, kFast);
  auto pages = [&]() -> int64_t {
    auto tidied = replica.store->TidySearch({});
    return tidied.ok() ? *tidied : -1;
  };
  EXPECT_EQ(pages(), 0) << "nothing was stored";
  auto set = replica.Decide([](Call& call) { return Increment(call, 1); });
  ASSERT_EQ(replica.Commit(*set).outcome, Outcome::kCommitted);
  EXPECT_GT(pages(), 0) << "or no new entries wait in a list, and none of this is needed";
  EXPECT_EQ(pages(), 0) << "they are in their place";
}

TEST(PgReplicas, NeverCommitBothSidesOfAWriteSkew) {
  PgSchema schema(MuseumMigrations());
  Replica a(schema, kFast), b(schema, kFast);
  for (int round = 0; round < 50; ++round) {
    int left = 2 * round, right = 2 * round + 1;
    // Each may take what it wants only while the other has nothing.
    auto take = [](int mine, int others) {
      return [=](Call& call) -> Status {
        auto other = call.Find<Exhibit>(NameOf(others));
        if (!other.ok() || *other) return Internal("the rounds overlap");
        return Increment(call, mine);
      };
    };
    auto of_a = a.Decide(take(left, right));
    auto of_b = b.Decide(take(right, left));
    ASSERT_TRUE(ExactlyOne(CommitAtOnce(a, *of_a, b, *of_b))) << "round " << round;
  }
}

TEST(PgReplicas, CreateANameOnce) {
  PgSchema schema(MuseumMigrations());
  Replica a(schema, kFast), b(schema, kFast);
  for (int round = 0; round < 50; ++round) {
    auto create = [=](Call& call) { return Increment(call, round); };
    auto of_a = a.Decide(create);
    auto of_b = b.Decide(create);
    ASSERT_TRUE(ExactlyOne(CommitAtOnce(a, *of_a, b, *of_b))) << "round " << round;
  }
}

// Commits groups of random sets until `commits` of them stand; what is stale is decided again.
int CommitAtRandom(Replica& replica, unsigned seed, int commits) {
  std::mt19937 random(seed);
  int committed = 0;
  while (committed < commits) {
    std::vector<std::unique_ptr<WriteSet>> sets;
    for (unsigned i = 0; i < 1 + random() % 4; ++i) {
      int one = static_cast<int>(random() % 12), two = static_cast<int>(random() % 12);
      bool both = random() % 3 == 0;
      sets.push_back(replica.Decide([=](Call& call) -> Status {
        auto status = Increment(call, one);
        if (!status.ok() || one == two) return status;
        return both ? Increment(call, two) : call.Find<Exhibit>(NameOf(two)).status();
      }));
    }
    std::vector<const WriteSet*> group;
    for (const auto& set : sets) group.push_back(set.get());
    for (const auto& result : replica.store->Commit(group, {})) {
      EXPECT_NE(result.outcome, Outcome::kFailed) << result.status.ToString();
      if (result.outcome == Outcome::kFailed) return committed;
      committed += result.outcome == Outcome::kCommitted;
    }
  }
  return committed;
}

TEST(PgReplicas, LetNoReaderSkipARowWhateverTheyCommitMeanwhile) {
  PgSchema schema(MuseumMigrations());
  Replica a(schema, kFast), b(schema, kFast), reader(schema);
  std::atomic<int> running = 2;
  auto writer = [&](Replica& replica, unsigned seed) {
    CommitAtRandom(replica, seed, 1000);
    --running;
  };
  std::thread one(writer, std::ref(a), 1), two(writer, std::ref(b), 2);
  int64_t last = 0;
  std::map<std::string, int64_t> versions;
  Time recorded{};
  bool skipped = false;
  for (bool end = false; !end;) {
    end = running == 0;  // and one more look after that
    LogQuery query;
    query.after_seq = last;
    auto rows = reader.store->ReadLog(query, {});
    ASSERT_TRUE(rows.ok());
    for (const auto& row : *rows) {
      skipped |= row.seq() != last + 1 || row.version() != versions[row.subject()] + 1 ||
                 ToTime(row.recorded_time()) <= recorded;
      last = row.seq();
      versions[row.subject()] = row.version();
      recorded = ToTime(row.recorded_time());
    }
    end = end && rows->empty();
    if (running == 0 && !rows->empty()) end = false;
  }
  one.join();
  two.join();
  EXPECT_FALSE(skipped);
  EXPECT_GE(last, 2000);
  EXPECT_EQ(reader.store->LogHead({})->first, last);
  for (const auto& [name, version] : versions) {
    RecordKey key{MuseumTypes().Find(Exhibit::descriptor()), kTenant,
                  *MuseumTypes().Find(Exhibit::descriptor())->ParseName(name)};
    EXPECT_EQ((*reader.store->Get(key, {}))->version, version);
  }
}

// The state at a moment that is asked for while groups are being committed on two replicas:
// whatever was under way then, the answer is the same when all of them have ended.
TEST(PgReplicas, AnswerAnAsOfTheSameForEverAlsoDuringAFlush) {
  PgSchema schema(MuseumMigrations());
  Replica a(schema, kFast), b(schema, kFast), reader(schema);
  std::atomic<int> running = 2;
  auto writer = [&](Replica& replica, unsigned seed) {
    CommitAtRandom(replica, seed, 300);
    --running;
  };
  std::thread one(writer, std::ref(a), 5), two(writer, std::ref(b), 6);
  auto state_at = [&](Time moment) {
    std::map<std::string, int64_t> versions;
    auto visit = [&](const kernel::v1::LogRow& row) {
      versions[row.subject()] = row.version();
      return true;
    };
    EXPECT_TRUE(reader.store
                    ->ForEachLogRowAt(*MuseumTypes().Find(Exhibit::descriptor()), kTenant,
                                      Timeline::kRecorded, moment, visit, {})
                    .ok());
    return versions;
  };
  std::vector<std::pair<Time, std::map<std::string, int64_t>>> asked;
  while (running > 0 && asked.size() < 300) {
    Time now = SystemClock().Now();
    ASSERT_TRUE(reader.store->SettleLog(now).ok());
    asked.emplace_back(now, state_at(now));
  }
  one.join();
  two.join();
  for (const auto& [moment, state] : asked) EXPECT_EQ(state_at(moment), state);
  EXPECT_GT(asked.size(), 10u);
  EXPECT_NE(asked.front().second, asked.back().second) << "nothing was written meanwhile";
}

TEST(PgStore, CommitsAGroupSinglyAfterAnErrorThatNamesNoCulprit) {
  PgSchema schema(MuseumMigrations());
  Replica replica(schema, kFast);
  schema.Execute(
      "ALTER TABLE exhibits ADD CONSTRAINT no_such_year CHECK (year IS DISTINCT FROM 666)");
  auto of_year = [&](int number, int year) {
    return replica.Decide([=](Call& call) {
      Exhibit exhibit = AnExhibit(number);
      exhibit.set_year(year);
      return call.StoreWithFact(exhibit, "created");
    });
  };
  auto first = of_year(1, 1500), culprit = of_year(2, 666), last = of_year(3, 1502);
  const WriteSet* group[] = {first.get(), culprit.get(), last.get()};
  auto results = replica.store->Commit(group, {});
  EXPECT_EQ(results[0].outcome, Outcome::kCommitted);
  EXPECT_EQ(results[1].outcome, Outcome::kFailed);
  EXPECT_EQ(results[2].outcome, Outcome::kCommitted);
  EXPECT_EQ(results[2].log.front().seq, 2) << "what was rolled back has no number";
  EXPECT_EQ(schema.Execute("SELECT count(*) FROM log").GetInt(0, 0), 2);
}

TEST(PgStore, ListsAsMemoryDoes) {
  PgSchema schema(MuseumMigrations());
  Replica postgres(schema, kFast);
  MemoryStore memory(MuseumTypes(), postgres.clock);
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    auto set = postgres.Decide([&](Call& call) {
      Exhibit exhibit = AnExhibit(i);
      exhibit.set_display_name(
          std::string(1 + random() % 2, static_cast<char>('a' + random() % 4)));
      exhibit.set_year(static_cast<int>(random() % 5));
      if (random() % 2) exhibit.set_weight_grams(static_cast<int>(random() % 4));
      if (random() % 2) exhibit.set_nickname(random() % 2 ? "x" : "");
      if (random() % 2) exhibit.add_tags(random() % 2 ? "old" : "new");
      exhibit.set_fragile(random() % 2);
      return call.StoreWithFact(exhibit, "created");
    });
    ASSERT_EQ(postgres.Commit(*set).outcome, Outcome::kCommitted);
    const WriteSet* group[] = {set.get()};
    memory.Commit(group, {});
  }
  const RecordType& type = *MuseumTypes().Find(Exhibit::descriptor());
  const char* filters[] = {"",
                           "year > 2",
                           "weight_grams < 2",
                           "NOT nickname:*",
                           "fragile",
                           "tags:\"old\"",
                           "a",
                           "nickname = \"\"",
                           "year != 1 OR weight_grams = 3",
                           "NOT (weight_grams > 1)"};
  const char* fields[] = {"year", "weight_grams", "display_name", "fragile"};
  int compared = 0;
  for (int i = 0; i < 150; ++i) {
    auto filter = filter::ParseAndCheck(filters[random() % 10], type.filter_schema());
    ASSERT_TRUE(filter.ok()) << filter.status().ToString();
    ListQuery query;
    query.type = &type;
    query.tenant = kTenant;
    query.filter = &*filter;
    query.limit = 1 + random() % 20;
    std::set<const char*> used;
    for (unsigned terms = random() % 3; terms > 0; --terms) {
      const char* field = fields[random() % 4];
      if (used.insert(field).second) query.order.push_back({field, random() % 2 == 0});
    }
    for (int page = 0; page < 3; ++page) {
      auto one = postgres.store->List(query, {});
      auto two = memory.List(query, {});
      ASSERT_TRUE(one.ok() && two.ok()) << one.status().ToString();
      ASSERT_EQ(one->size(), two->size()) << filter->ToText();
      for (size_t row = 0; row < one->size(); ++row) {
        ASSERT_EQ((*one)[row].record.id, (*two)[row].record.id) << filter->ToText();
        ASSERT_EQ((*one)[row].position.values, (*two)[row].position.values);
        ++compared;
      }
      if (one->size() < query.limit) break;
      query.after = one->back().position;
    }
  }
  EXPECT_GT(compared, 1000);
}

// A store behind a gate, and a hand on the lock that its second round trip waits for.
class LostAnswer : public ::testing::Test {
 protected:
  LostAnswer() {
    auto at = PostgresDsn().find('@') + 1;
    gate_ = std::make_unique<TcpGate>(PostgresDsn().substr(at, PostgresDsn().find('/', at) - at));
    replica_ =
        std::make_unique<Replica>(schema_, " host=127.0.0.1 port=" + std::to_string(gate_->port()));
    blocker_ = std::move(*schema_.owner().OpenSession());
  }

  // Commits `set` in a thread; returns when its group waits for the head of the log.
  void BeginCommit(const WriteSet& set) {
    ASSERT_TRUE(
        blocker_->RunBegin(std::vector<pg::Statement>{{"SELECT 1 FROM log_head FOR UPDATE", {}}})
            .ok());
    committing_ = std::jthread([&] { result_ = replica_->Commit(set, stop_.get_token()); });
    ASSERT_TRUE(Eventually([&] {
      return schema_
                 .Execute(
                     "SELECT 1 FROM pg_stat_activity WHERE usename = $1::text AND "
                     "wait_event_type = 'Lock'",
                     {pg::Value(schema_.name())})
                 .size() == 1;
    }));
  }
  CommitResult End() {
    committing_.join();
    return result_;
  }
  int64_t Rows() { return schema_.Execute("SELECT count(*) FROM log").GetInt(0, 0); }

  PgSchema schema_{MuseumMigrations()};
  std::unique_ptr<TcpGate> gate_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<pg::Session> blocker_;
  std::stop_source stop_;
  CommitResult result_;
  std::jthread committing_;
};

TEST_F(LostAnswer, OfACommitThatStandsIsFoundOut) {
  auto set = replica_->Decide([](Call& call) { return Increment(call, 1); });
  BeginCommit(*set);
  gate_->HoldAnswers();
  ASSERT_TRUE(blocker_->RunCommit(std::vector<pg::Statement>{}).ok());
  ASSERT_TRUE(Eventually([&] { return Rows() == 1; }));
  gate_->Shut();
  gate_->Open();
  CommitResult result = End();
  EXPECT_EQ(result.outcome, Outcome::kCommitted) << result.status.ToString();
  ASSERT_EQ(result.log.size(), 1u);
  EXPECT_EQ(result.log.front().seq, 1);
  EXPECT_GT(result.log.front().recorded, kMonday);
  EXPECT_EQ(Rows(), 1);
}

TEST_F(LostAnswer, IsWaitedForUntilAStopAndNoLonger) {
  auto set = replica_->Decide([](Call& call) { return Increment(call, 1); });
  BeginCommit(*set);
  gate_->Shut();
  auto begun = std::chrono::steady_clock::now();
  stop_.request_stop();
  CommitResult result = End();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5))
      << "without the stop it asks for half a minute";
  EXPECT_EQ(result.status.reason(), "COMMIT_UNKNOWN") << result.status.ToString();
  ASSERT_TRUE(blocker_->RunCommit(std::vector<pg::Statement>{}).ok());
}

TEST_F(LostAnswer, OfACommitThatFellIsFoundOut) {
  auto set = replica_->Decide([](Call& call) { return Increment(call, 1); });
  BeginCommit(*set);
  schema_.Execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1::text "
      "AND wait_event_type = 'Lock'",
      {pg::Value(schema_.name())});
  CommitResult result = End();
  ASSERT_TRUE(blocker_->RunCommit(std::vector<pg::Statement>{}).ok());
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.status.reason(), "COMMIT_LOST");
  EXPECT_EQ(Rows(), 0);
  EXPECT_EQ(replica_->Commit(*set).outcome, Outcome::kCommitted);
}

TEST_F(LostAnswer, BeforeTheCommitIsNoFailure) {
  auto first = replica_->Decide([](Call& call) { return Increment(call, 1); });
  ASSERT_EQ(replica_->Commit(*first).outcome, Outcome::kCommitted);
  gate_->Reset();
  auto second = replica_->Decide([](Call& call) { return Increment(call, 1); });
  EXPECT_EQ(replica_->Commit(*second).outcome, Outcome::kCommitted);
}

}  // namespace
}  // namespace crm::test
