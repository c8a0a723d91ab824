// What an operator sees of the running system: its processes, its database sessions, its health.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "libs/pg/database.h"
#include "libs/runtime/raw_http.h"
#include "libs/testing/eventually.h"
#include "services/gateway/test_client.h"
#include "tests/scenario/deployed_world.h"
#include "tests/scenario/running_deployment.h"
#include "tests/scenario/window_shop.h"

namespace crm::test {
namespace {

pg::Rows Ask(const std::string& dsn, const std::string& sql) {
  auto database = pg::Database::Open({.dsn = dsn, .schema = "public", .pool_size = 1});
  if (!database.ok()) throw std::runtime_error(database.status().ToString());
  auto rows = (*database)->Read({sql, {}}, {});
  if (!rows.ok()) throw std::runtime_error(sql + ": " + rows.status().ToString());
  return *rows;
}

// Why the server does not answer it; empty where it does.
std::string RefusalOf(const std::string& dsn, const std::string& sql) {
  auto database = pg::Database::Open({.dsn = dsn, .schema = "public", .pool_size = 1});
  if (!database.ok()) throw std::runtime_error(database.status().ToString());
  auto rows = (*database)->Read({sql, {}}, {});
  if (rows.ok()) return "";
  const Status refusal = rows.status();
  const auto state = refusal.metadata().find("sqlstate");
  return state == refusal.metadata().end() ? refusal.ToString() : state->second;
}

// Who is connected, as "role@database", without the test.
std::set<std::string> Sessions(Deployment& system) {
  std::set<std::string> sessions;
  const auto rows = Ask(system.servers().postgres.dsn(),
                        "SELECT DISTINCT usename || '@' || datname FROM pg_stat_activity "
                        "WHERE backend_type = 'client backend' AND usename <> 'crm'");
  for (size_t row = 0; row < rows.size(); ++row) sessions.insert(rows.GetString(row, 0));
  return sessions;
}

std::string ProgramOf(pid_t pid) {
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe").filename();
}

std::string ContentOf(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// Of all processes of this machine those that run with a configuration of this deployment, by pid.
std::map<pid_t, std::string> ProcessesOf(const Deployment& system) {
  std::map<pid_t, std::string> programs;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string command_line = ContentOf(entry.path() / "cmdline");
    if (command_line.find(system.folder().string()) == std::string::npos) continue;
    programs[std::stoi(name)] = ProgramOf(std::stoi(name));
  }
  return programs;
}

class Deployed : public ::testing::TestWithParam<Shape> {
 protected:
  // "crm_leads@crm_leads"
  std::string SessionOf(const std::string& role, const std::string& service) const {
    return role + "@" + (GetParam() == Shape::kAll ? "crm" : "crm_" + service);
  }

  Deployment& system_ = RunningDeployment(GetParam());
};

INSTANTIATE_TEST_SUITE_P(All, Deployed, ::testing::Values(Shape::kAll));
INSTANTIATE_TEST_SUITE_P(Distributed, Deployed, ::testing::Values(Shape::kDistributed));

TEST_P(Deployed, IsOneProcessOrOneForEachService) {
  std::multiset<std::string> programs;
  for (const auto& [pid, program] : ProcessesOf(system_)) programs.insert(program);
  std::multiset<std::string> expected = {"crm-all"};
  if (GetParam() == Shape::kDistributed) {
    expected = {"crm-gateway"};
    for (const auto& service : Deployment::Services()) expected.insert("crm-" + service);
  }
  EXPECT_EQ(programs, expected);
  for (const auto& service : Deployment::Services()) {
    EXPECT_EQ(ProgramOf(system_.process(service).pid()),
              GetParam() == Shape::kAll ? "crm-all" : "crm-" + service);
  }
}

// A thread that does not block them could be given a signal that asks for an end, which would then
// be at once. The first thread waits for them.
TEST_P(Deployed, LeavesSignalsToTheThreadThatWaitsForThem) {
  constexpr uint64_t kStops = 1 << (SIGTERM - 1) | 1 << (SIGINT - 1) | 1 << (SIGHUP - 1);
  for (const auto& [pid, program] : ProcessesOf(system_)) {
    const std::filesystem::path threads = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& thread : std::filesystem::directory_iterator(threads)) {
      if (thread.path().filename() == std::to_string(pid)) continue;
      const std::string status = ContentOf(thread.path() / "status");
      const size_t mask = status.find("SigBlk:");
      if (mask == std::string::npos) continue;  // the thread has ended meanwhile
      const uint64_t blocked = std::stoull(status.substr(mask + 7), nullptr, 16);
      EXPECT_EQ(blocked & kStops, kStops) << program << " thread " << thread.path().filename();
    }
  }
}

TEST_P(Deployed, ConnectsEachServiceWithRolesOfItsOwn) {
  DeployedWorld world(system_, NewTenantName());
  WindowShop shop(world);
  std::set<std::string> expected;
  for (const auto& service : Deployment::Services()) {
    expected.insert(SessionOf("crm_" + service, service));
    expected.insert(SessionOf("crm_" + service + "_scan", service));
  }
  EXPECT_TRUE(Eventually([&] { return Sessions(system_) == expected; }))
      << ::testing::PrintToString(Sessions(system_));
}

TEST_P(Deployed, RunsWithRolesThatOwnNothingAndCannotLookPastTheirTenant) {
  for (const auto& service : Deployment::Services()) {
    const std::string role = "crm_" + service;
    const auto rows =
        Ask(system_.OwnerDsn(service),
            "SELECT r.rolsuper OR r.rolcreatedb OR r.rolcreaterole OR r.rolreplication, "
            "r.rolbypassrls, "
            "(SELECT count(*) FROM pg_class WHERE relowner = r.oid) + "
            "(SELECT count(*) FROM pg_proc WHERE proowner = r.oid) + "
            "(SELECT count(*) FROM pg_namespace WHERE nspowner = r.oid) + "
            "(SELECT count(*) FROM pg_database WHERE datdba = r.oid), "
            "(SELECT count(*) FROM pg_auth_members WHERE member = r.oid) "
            "FROM pg_roles r WHERE r.rolname IN ('" +
                role + "', '" + role + "_scan') ORDER BY r.rolname");
    ASSERT_EQ(rows.size(), 2u) << service;
    for (size_t row = 0; row < 2; ++row) {
      const bool scan = row == 1;
      EXPECT_FALSE(rows.GetBool(row, 0)) << service << " has an attribute of an administrator";
      EXPECT_EQ(rows.GetBool(row, 1), scan) << service;
      EXPECT_EQ(rows.GetInt(row, 2), 0) << service << " owns something";
      EXPECT_EQ(rows.GetInt(row, 3), 0) << service << " is a member of another role";
    }
  }
}

TEST_P(Deployed, ShowsARunningRoleNoTenantUnlessItIsNamedAndNoOtherServicesTables) {
  DeployedWorld world(system_, NewTenantName());
  WindowShop shop(world);
  shop.Submit("s-1");
  constexpr char kInsufficientPrivilege[] = "42501";
  const std::string own = system_.DsnAs("crm_leads", "leads");
  const std::string leads = "SELECT count(*) FROM crm_leads.leads";
  EXPECT_GE(Ask(system_.OwnerDsn("leads"), leads).GetInt(0, 0), 1);
  EXPECT_EQ(Ask(own, leads).GetInt(0, 0), 0);
  EXPECT_EQ(RefusalOf(own, "DROP TABLE crm_leads.leads"), kInsufficientPrivilege);
  EXPECT_EQ(RefusalOf(own, "ALTER TABLE crm_leads.leads DISABLE ROW LEVEL SECURITY"),
            kInsufficientPrivilege);
  const std::string scan = system_.DsnAs("crm_leads_scan", "leads");
  EXPECT_GE(Ask(scan, leads).GetInt(0, 0), 1);
  EXPECT_EQ(RefusalOf(scan, "DELETE FROM crm_leads.leads"), kInsufficientPrivilege);
  for (const char* role : {"crm_leads", "crm_leads_scan"}) {
    EXPECT_EQ(RefusalOf(system_.DsnAs(role, "deals"), "SELECT count(*) FROM crm_deals.deals"),
              kInsufficientPrivilege);
  }
}

// The process's own word: 200 or 503.
bool IsReady(Deployment& system, const std::string& service) {
  return runtime::Get(system.admin_port(service), "/readyz").starts_with("HTTP/1.1 200");
}

bool AllAre(Deployment& system, bool ready) {
  const auto& services = Deployment::Services();
  return std::all_of(services.begin(), services.end(),
                     [&](const std::string& service) { return IsReady(system, service) == ready; });
}

// Of the process that runs `service`: the value of a series like `crm_redis_lost` or
// `crm_relay_lag_events{service="leads"}`; -1 where there is none.
double MetricOf(Deployment& system, const std::string& service, const std::string& series) {
  const std::string page = runtime::Get(system.admin_port(service), "/metrics");
  const size_t line = page.find("\n" + series + " ");
  return line == std::string::npos ? -1 : std::stod(page.substr(line + series.size() + 2));
}

std::chrono::milliseconds TimeUntil(const std::function<bool()>& condition) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(Eventually(condition));
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

TEST_P(Deployed, SaysThatItIsNotReadyWhilePostgresIsLostAndGoesOnAfterwards) {
  DeployedWorld world(system_, NewTenantName());
  WindowShop shop(world);
  EXPECT_TRUE(AllAre(system_, true));
  system_.servers().postgres.Kill();
  RecordProperty("lost_noticed_ms", TimeUntil([&] { return AllAre(system_, false); }).count());
  EXPECT_EQ(shop.TrySubmit("s-1").status().code(), Code::kUnavailable);
  system_.servers().postgres.Start();
  RecordProperty("return_noticed_ms", TimeUntil([&] { return AllAre(system_, true); }).count());
  std::string lead;
  EXPECT_TRUE(Eventually([&] {
    auto submitted = shop.TrySubmit("s-1");
    if (submitted.ok()) lead = submitted->lead();
    return submitted.ok();
  }));
  EXPECT_TRUE(Eventually([&] { return shop.Tasks(lead).size() == 1; }));
}

TEST_P(Deployed, StaysReadyWhileKafkaStandsStillAndShowsWhatWaitsForIt) {
  DeployedWorld world(system_, NewTenantName());
  WindowShop shop(world);
  const std::string lag = "crm_relay_lag_events{service=\"leads\"}";
  EXPECT_TRUE(Eventually([&] { return MetricOf(system_, "leads", lag) == 0; }));
  system_.servers().kafka.Pause();
  shop.Submit("s-1");
  EXPECT_TRUE(Eventually([&] { return MetricOf(system_, "leads", lag) >= 1; }));
  EXPECT_TRUE(AllAre(system_, true));
  system_.servers().kafka.Continue();
  EXPECT_TRUE(Eventually([&] { return MetricOf(system_, "leads", lag) == 0; }));
}

TEST_P(Deployed, StaysReadyWithoutRedisAndShowsThatItIsLost) {
  DeployedWorld world(system_, NewTenantName());
  WindowShop shop(world);
  const std::string lead = shop.Submit("s-1");
  EXPECT_EQ(MetricOf(system_, "leads", "crm_redis_lost"), 0);
  world.TakeCounters();
  EXPECT_EQ(shop.Lead(lead).name(), lead);
  EXPECT_EQ(MetricOf(system_, "leads", "crm_redis_lost"), 1);
  EXPECT_TRUE(AllAre(system_, true));
  world.ReturnCounters();
  // It is asked again a second of the services' clock later.
  world.Advance(std::chrono::seconds(2));
  EXPECT_EQ(shop.Lead(lead).name(), lead);
  EXPECT_EQ(MetricOf(system_, "leads", "crm_redis_lost"), 0);
}

// Sessions of the service's role that are working on a statement.
int64_t BusySessions(Deployment& system, const std::string& role) {
  return Ask(system.servers().postgres.dsn(),
             "SELECT count(*) FROM pg_stat_activity WHERE usename = '" + role +
                 "' AND state = 'active'")
      .GetInt(0, 0);
}

TEST_P(Deployed, EndsTheReadOfACallWhoseDeadlineHasPassed) {
  DeployedWorld world(system_, NewTenantName());
  WindowShop shop(world);
  shop.Submit("s-1");
  // Somebody holds the table, so that reads of it wait.
  Process holder({.argv = {"psql", system_.OwnerDsn("leads") + " application_name=holder", "-c",
                           "BEGIN; LOCK TABLE crm_leads.leads; SELECT pg_sleep(600)"},
                  .directory = "/"});
  EXPECT_TRUE(Eventually([&] {
    return Ask(system_.servers().postgres.dsn(),
               "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock'")
               .GetInt(0, 0) >= 1;
  }));
  gateway::TestClient connection(system_.http_port());
  const auto answer =
      connection.Call("GET", "/v1/leads", "",
                      "X-API-Key: " + world.keys().admin + "\r\nX-Request-Timeout: 0.5\r\n");
  EXPECT_EQ(answer.status, 504) << answer.body;
  // The lock is still held: nothing but its end has made the session free.
  EXPECT_TRUE(Eventually([&] { return BusySessions(system_, "crm_leads") == 0; }));
  EXPECT_TRUE(holder.running());
  Ask(system_.servers().postgres.dsn(),
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'");
  EXPECT_TRUE(Eventually([&] { return shop.Leads().size() == 1; }));
}

}  // namespace
}  // namespace crm::test
