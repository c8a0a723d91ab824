// Reads on a real server: tenants, the pool, cancelling, and a server that goes away.
#include "libs/pg/database.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "libs/pg/dsn.h"
#include "libs/testing/eventually.h"
#include "libs/testing/pg_schema.h"
#include "libs/testing/servers.h"
#include "libs/testing/tcp_gate.h"

namespace crm::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::Eventually;
using test::PgSchema;

constexpr const char* kThings = R"(
  CREATE TABLE things (tenant uuid NOT NULL, n bigint NOT NULL, PRIMARY KEY (tenant, n));
  ALTER TABLE things ENABLE ROW LEVEL SECURITY;
  ALTER TABLE things FORCE ROW LEVEL SECURITY;
  CREATE POLICY tenant ON things
    USING (tenant = ANY (string_to_array(current_setting('crm.tenants', true), ',')::uuid[]));
)";

const Uuid kAcme = *Uuid::Parse("0190163d-8694-739b-aea5-966c26f8ad91");
const Uuid kOther = *Uuid::Parse("0190163d-8694-739b-aea5-966c26f8ad92");
const Statement kAll{"SELECT tenant, n FROM things", {}};
const Statement kForever{"SELECT pg_sleep(600)", {}};

std::unique_ptr<Database> Open(const DatabaseOptions& options) {
  auto database = Database::Open(options);
  EXPECT_TRUE(database.ok()) << database.status().ToString();
  return database.ok() ? std::move(*database) : nullptr;
}

class Reads : public ::testing::Test {
 protected:
  Reads() : schema_(kThings) {
    for (const Uuid& tenant : {kAcme, kOther}) {
      for (int64_t n = 0; n < 3; ++n) {
        schema_.Execute("INSERT INTO things VALUES ($1::uuid, $2::bigint)", {tenant, n});
      }
    }
  }

  DatabaseOptions OneConnection() const {
    DatabaseOptions options = schema_.options();
    options.pool_size = 1;
    return options;
  }
  // Backends of the running role that sleep in a statement.
  int64_t Sleeping() {
    return schema_
        .Execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = $1::text AND state = 'active' "
            "AND wait_event = 'PgSleep'",
            {schema_.name()})
        .GetInt(0, 0);
  }

  PgSchema schema_;
};

TEST_F(Reads, SeeTheRowsOfTheirTenantAlone) {
  auto rows = schema_.database().Read(kAcme, kAll);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  ASSERT_EQ(rows->size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(rows->GetUuid(i, 0), kAcme);
}

TEST_F(Reads, WithoutATenantSeeNothingUnderRowLevelSecurity) {
  auto database = Open(OneConnection());
  auto rows = database->Read(kAll);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->size(), 0u) << "on a new connection";
  ASSERT_TRUE(database->Read(kAcme, kAll).ok());
  rows = database->Read(kAll);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->size(), 0u) << "on a connection that has served a tenant";
}

TEST_F(Reads, ScanRoleSeesAllTenantsAndWritesNothing) {
  auto rows = schema_.scan().Read(kAll);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->size(), 6u);
  const Status refused = schema_.scan().Read({"DELETE FROM things", {}}).status();
  EXPECT_EQ(refused.code(), Code::kPermissionDenied);
}

TEST_F(Reads, WriteForAnotherTenantThanTheSettingIsRefused) {
  const Statement insert{"INSERT INTO things VALUES ($1::uuid, 9)", {kOther}};
  const Status refused = schema_.database().Read(kAcme, insert).status();
  EXPECT_EQ(refused.code(), Code::kPermissionDenied);
  EXPECT_EQ(refused.metadata().at("sqlstate"), "42501");
  auto session = schema_.database().OpenSession();
  ASSERT_TRUE(session.ok());
  const Uuid both[] = {kAcme, kOther};
  const Statement group[] = {SetTenants(both), insert, kAll};
  auto rows = (*session)->Run(group);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(rows->back().size(), 7u);
}

TEST_F(Reads, PoolNeverCarriesATenantOverWhateverEndsAStatement) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 250;
  std::atomic<int> leaks = 0;
  std::atomic<int> strange = 0;
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < kRounds; ++i) {
      const Uuid& tenant = random() % 2 == 0 ? kAcme : kOther;
      switch (random() % 4) {
        case 0:
          strange += schema_.database().Read(tenant, {"SELECT 1 / (n - n) FROM things", {}}).ok();
          break;
        case 1: {
          std::stop_source stop;
          std::thread stopper([&] { stop.request_stop(); });
          auto rows =
              schema_.database().Read(tenant, {"SELECT pg_sleep(0.001)", {}}, stop.get_token());
          strange += !rows.ok() && rows.status().code() != Code::kCancelled;
          stopper.join();
          break;
        }
        case 2: {
          auto rows = schema_.database().Read(kAll);
          strange += !rows.ok();
          leaks += rows.ok() && rows->size() != 0;
          break;
        }
        default: {
          auto rows = schema_.database().Read(tenant, kAll);
          strange += !rows.ok() || rows->size() != 3;
          for (size_t r = 0; rows.ok() && r < rows->size(); ++r) {
            leaks += rows->GetUuid(r, 0) != tenant;
          }
        }
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) threads.emplace_back(work, t);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(leaks, 0);
  EXPECT_EQ(strange, 0);
}

TEST_F(Reads, StopFreesTheBackend) {
  std::stop_source stop;
  Status status;
  std::thread reader(
      [&] { status = schema_.database().Read(kAcme, kForever, stop.get_token()).status(); });
  EXPECT_TRUE(Eventually([&] { return Sleeping() == 1; }));
  stop.request_stop();
  reader.join();
  EXPECT_EQ(status.code(), Code::kCancelled);
  EXPECT_EQ(status.reason(), "PG_CANCELLED");
  EXPECT_EQ(Sleeping(), 0);
}

TEST_F(Reads, StopThatCameBeforehandSendsNothing) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(schema_.database().Read(kForever, stop.get_token()).status().code(), Code::kCancelled);
}

TEST_F(Reads, LateCancelDoesNotHitTheNextStatement) {
  auto database = Open(OneConnection());
  std::mt19937 random(1);
  int cancelled = 0;
  for (int i = 0; i < 300; ++i) {
    std::stop_source stop;
    std::atomic<bool> started = false;
    // Somewhere around the end of a statement of one millisecond.
    const auto delay = std::chrono::microseconds(600 + random() % 1200);
    std::thread stopper([&] {
      started = true;
      const auto until = steady_clock::now() + delay;
      while (steady_clock::now() < until) std::this_thread::yield();
      stop.request_stop();
    });
    while (!started) std::this_thread::yield();
    cancelled += !database->Read(kAcme, {"SELECT pg_sleep(0.001)", {}}, stop.get_token()).ok();
    auto next = database->Read(kAcme, kAll);
    EXPECT_TRUE(next.ok()) << "round " << i << ": " << next.status().ToString();
    stopper.join();
  }
  EXPECT_GT(cancelled, 0);
  EXPECT_LT(cancelled, 300);
}

TEST_F(Reads, StopReachesAStatementWhoseRowsArriveAllTheTime) {
  std::stop_source stop;
  Status status;
  std::thread reader([&] {
    const Statement flood{"SELECT repeat('x', 1000) FROM generate_series(1, 1000000000)", {}};
    status = schema_.database().Read(flood, stop.get_token()).status();
  });
  EXPECT_TRUE(Eventually([&] {
    return schema_
               .Execute(
                   "SELECT count(*) FROM pg_stat_activity WHERE usename = $1::text AND state = "
                   "'active'",
                   {schema_.name()})
               .GetInt(0, 0) == 1;
  }));
  stop.request_stop();
  reader.join();
  EXPECT_EQ(status.code(), Code::kCancelled);
}

TEST_F(Reads, BusyPoolRefusesAfterItsWaitWithARetryHint) {
  DatabaseOptions options = OneConnection();
  options.pool_wait = milliseconds(20);
  auto database = Open(options);
  std::stop_source stop;
  std::thread reader([&] { static_cast<void>(database->Read(kForever, stop.get_token())); });
  EXPECT_TRUE(Eventually([&] { return Sleeping() == 1; }));
  const Status refused = database->Read(kAll).status();
  EXPECT_EQ(refused.code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.reason(), "PG_POOL_EXHAUSTED");
  EXPECT_TRUE(refused.retry_after().has_value());
  EXPECT_TRUE(database->Ping().ok()) << "a busy pool is no dead server";
  stop.request_stop();
  reader.join();
  EXPECT_TRUE(database->Read(kAll).ok());
}

TEST_F(Reads, StopEndsTheWaitForAConnection) {
  DatabaseOptions options = OneConnection();
  options.pool_wait = std::chrono::minutes(10);
  auto database = Open(options);
  std::stop_source first;
  std::stop_source second;
  std::thread reader([&] { static_cast<void>(database->Read(kForever, first.get_token())); });
  EXPECT_TRUE(Eventually([&] { return Sleeping() == 1; }));
  std::thread stopper([&] { second.request_stop(); });
  EXPECT_EQ(database->Read(kAll, second.get_token()).status().code(), Code::kCancelled);
  stopper.join();
  first.request_stop();
  reader.join();
}

TEST_F(Reads, KilledIdleConnectionIsReplacedUnnoticed) {
  auto database = Open(OneConnection());
  for (int i = 0; i < 3; ++i) {
    auto pid = database->Read({"SELECT pg_backend_pid()", {}});
    ASSERT_TRUE(pid.ok()) << pid.status().ToString();
    schema_.Execute("SELECT pg_terminate_backend($1::int, 10000)", {pid->GetInt(0, 0)});
  }
}

TEST_F(Reads, ConnectionKilledInAStatementIsUnavailableAndThenReplaced) {
  auto database = Open(OneConnection());
  const Statement suicide{"SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(600)", {}};
  schema_.Execute("GRANT pg_signal_backend TO " + schema_.name());
  const Status status = database->Read(suicide).status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.reason(), "PG_CONNECTION_LOST");
  EXPECT_EQ(status.metadata().at("sqlstate"), "57P01");
  EXPECT_TRUE(database->Read(kAll).ok());
}

TEST_F(Reads, TableThatChangesItsShapeUnderAPreparedStatementIsReadAgain) {
  auto database = Open(OneConnection());
  const Statement wide{"SELECT * FROM things", {}};
  ASSERT_TRUE(database->Read(kAcme, wide).ok());
  schema_.Execute("ALTER TABLE things ADD COLUMN extra text");
  auto rows = database->Read(kAcme, wide);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_TRUE(rows->IsNull(0, 2));
}

TEST_F(Reads, SettingsOfTheDsnHoldBesideOurOwn) {
  DatabaseOptions options = OneConnection();
  options.dsn += " options='-c statement_timeout=1234'";
  auto rows = Open(options)->Read(
      {"SELECT current_setting('statement_timeout'), current_setting('search_path')", {}});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(rows->GetString(0, 0), "1234ms");
  EXPECT_EQ(rows->GetString(0, 1), schema_.name() + ",public");
}

class Outages : public Reads {
 protected:
  Outages() : gate_(ServerAddress()) {
    options_ = OneConnection();
    // Of a key that comes twice the later counts.
    options_.dsn += " host=127.0.0.1 port=" + std::to_string(gate_.port());
  }
  std::string ServerAddress() {
    const Rows rows = schema_.Execute("SELECT inet_server_port(), host(inet_server_addr())");
    return rows.GetString(0, 1) + ":" + std::to_string(rows.GetInt(0, 0));
  }

  test::TcpGate gate_;
  DatabaseOptions options_;
};

TEST_F(Outages, LostServerIsUnavailableAtOnceAndFoundAgain) {
  auto database = Open(options_);
  ASSERT_TRUE(database->Ping().ok());
  gate_.Shut();
  for (int i = 0; i < 5; ++i) {
    const Status status = database->Read(kAcme, kAll).status();
    EXPECT_EQ(status.code(), Code::kUnavailable);
    EXPECT_EQ(status.reason(), "PG_CONNECTION_LOST");
    EXPECT_TRUE(status.retry_after().has_value());
  }
  EXPECT_EQ(database->Ping().code(), Code::kUnavailable);
  EXPECT_EQ(database->OpenSession().status().code(), Code::kUnavailable);
  gate_.Open();
  EXPECT_TRUE(database->Ping().ok());
  EXPECT_TRUE(Eventually([&] { return database->Read(kAcme, kAll).ok(); }));
}

TEST_F(Outages, PingOfASilentServerFailsWithinAboutASecond) {
  auto database = Open(options_);
  ASSERT_TRUE(database->Ping().ok());
  gate_.Freeze();
  for (const char* connection : {"made before", "new"}) {
    const auto start = steady_clock::now();
    EXPECT_EQ(database->Ping().code(), Code::kUnavailable) << connection;
    EXPECT_LT(steady_clock::now() - start, milliseconds(3000)) << connection;
  }
  gate_.Open();
  EXPECT_TRUE(Eventually([&] { return database->Ping().ok(); }));
}

TEST_F(Outages, OpenFailsWhereNobodyListensOrTheDsnIsWrong) {
  gate_.Shut();
  EXPECT_EQ(Database::Open(options_).status().code(), Code::kUnavailable);
  options_.password_file = "no/such/file";
  EXPECT_EQ(Database::Open(options_).status().code(), Code::kUnavailable);
  options_.schema = "Robert'); --";
  EXPECT_EQ(Database::Open(options_).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace crm::pg
