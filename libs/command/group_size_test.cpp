// How many calls one flush carries, on a real disk: one where a single caller waits for each of its
// calls, many where many do (prints the histogram); and how often a group goes to PostgreSQL.
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <thread>

#include "libs/command/pg_store.h"
#include "libs/command/store_conformance.h"

namespace crm::test {
namespace {

using testing::v1::Exhibit;

using Histogram = std::map<size_t, size_t>;  // calls of a group -> groups

constexpr Uuid kTenant{{1}};

std::unique_ptr<WriteSet> Creation(Decider& decider, int caller, int number) {
  Exhibit exhibit;
  exhibit.set_name(
      "exhibits/" +
      NamedUuid("exhibit " + std::to_string(caller), std::to_string(number)).ToString());
  exhibit.set_display_name("Exhibit");
  return decider.Decide(kTenant,
                        [&](Call& call) { return call.StoreWithFact(exhibit, "created"); });
}

void Commit(Committer& committer, std::unique_ptr<WriteSet> set) {
  std::promise<CommitResult> done;
  auto status =
      committer.Submit(std::move(set), [&](CommitResult result) { done.set_value(result); });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(done.get_future().get().outcome, CommitResult::Outcome::kCommitted);
}

Histogram GroupsOf(int callers, int calls_each) {
  PgSchema schema(MuseumMigrations());
  PgStore store(schema.database(), schema.scan());
  ManualClock clock(kMonday);
  Histogram groups;  // of the committing thread, until Stop
  Committer committer(store, {},
                      [&](const std::vector<kernel::v1::LogRow>& rows) { ++groups[rows.size()]; });
  committer.Start();
  {
    std::vector<std::jthread> threads;
    for (int caller = 0; caller < callers; ++caller) {
      threads.emplace_back([&, caller] {
        Decider decider(store, clock);
        for (int i = 0; i < calls_each; ++i) Commit(committer, Creation(decider, caller, i));
      });
    }
  }
  committer.Stop();
  return groups;
}

size_t CallsIn(const Histogram& groups) {
  size_t calls = 0;
  for (const auto& [size, count] : groups) calls += size * count;
  return calls;
}

size_t CountOf(const Histogram& groups) {
  size_t count = 0;
  for (const auto& [size, of_size] : groups) count += of_size;
  return count;
}

void Print(int callers, const Histogram& groups) {
  std::printf("%d callers, %zu calls in %zu groups:", callers, CallsIn(groups), CountOf(groups));
  for (const auto& [size, count] : groups) std::printf(" %zux%zu", count, size);
  std::printf("\n");
}

// Counts what goes to a database and comes back, by kind.
using Trips = std::map<std::string, int>;

class CountedSession final : public pg::Session {
 public:
  CountedSession(std::unique_ptr<pg::Session> inner, Trips& trips)
      : inner_(std::move(inner)), trips_(trips) {}

  Result<std::vector<pg::Rows>> Run(std::span<const pg::Statement> statements) override {
    ++trips_["run"];
    return inner_->Run(statements);
  }
  Result<std::vector<pg::Rows>> RunBegin(std::span<const pg::Statement> statements,
                                         const std::function<void()>& meanwhile) override {
    ++trips_["begin"];
    return inner_->RunBegin(statements, meanwhile);
  }
  Result<std::vector<pg::Rows>> RunCommit(std::span<const pg::Statement> statements) override {
    ++trips_["commit"];
    return inner_->RunCommit(statements);
  }
  Status Rollback() override {
    ++trips_["rollback"];
    return inner_->Rollback();
  }

 private:
  const std::unique_ptr<pg::Session> inner_;
  Trips& trips_;
};

class CountedDatabase final : public pg::Database {
 public:
  explicit CountedDatabase(pg::Database& inner) : inner_(inner) {}

  Result<pg::Rows> Read(std::span<const Uuid> tenants, const pg::Statement& statement,
                        std::stop_token stop) override {
    ++trips["read"];
    return inner_.Read(tenants, statement, std::move(stop));
  }
  Result<pg::Rows> Read(const pg::Statement& statement, std::stop_token stop) override {
    ++trips["read"];
    return inner_.Read(statement, std::move(stop));
  }
  Result<std::unique_ptr<pg::Session>> OpenSession() override {
    auto session = inner_.OpenSession();
    if (!session.ok()) return session.status();
    return std::unique_ptr<pg::Session>(
        std::make_unique<CountedSession>(std::move(*session), trips));
  }
  Result<pg::XactState> XactStatus(std::string_view xid) override { return inner_.XactStatus(xid); }
  Status Ping() override { return inner_.Ping(); }

  Trips trips;

 private:
  pg::Database& inner_;
};

TEST(GroupSize, ACommitIsTwoRoundTripsHoweverManyCallsItCarries) {
  PgSchema schema(MuseumMigrations());
  CountedDatabase database(schema.database());
  PgStore store(database, schema.scan());
  ManualClock clock(kMonday);
  Decider decider(store, clock);
  for (int calls : {1, 2, 20}) {
    std::vector<std::unique_ptr<WriteSet>> sets;
    std::vector<const WriteSet*> group;
    for (int i = 0; i < calls; ++i) {
      sets.push_back(Creation(decider, calls, i));
      group.push_back(sets.back().get());
    }
    database.trips.clear();
    for (const auto& result : store.Commit(group, {})) {
      EXPECT_EQ(result.outcome, CommitResult::Outcome::kCommitted);
    }
    EXPECT_EQ(database.trips, (Trips{{"begin", 1}, {"commit", 1}})) << calls << " calls";
  }
}

TEST(GroupSize, IsOneForASingleCallerAndManyForSixtyFour) {
  const Histogram alone = GroupsOf(1, 50);
  Print(1, alone);
  EXPECT_EQ(alone, (Histogram{{1, 50}}));

  const Histogram together = GroupsOf(64, 20);
  Print(64, together);
  EXPECT_EQ(CallsIn(together), 64u * 20);
  EXPECT_LT(CountOf(together) * 4, CallsIn(together)) << "fewer than four calls a flush";
}

}  // namespace
}  // namespace crm::test
