// Migrations and roles on a real server.
#include "libs/pg/migrator.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "libs/pg/database.h"
#include "libs/pg/dsn.h"
#include "libs/testing/eventually.h"
#include "libs/testing/pg_schema.h"
#include "libs/testing/servers.h"

namespace crm::pg {
namespace {

using test::Eventually;
using test::PgSchema;

constexpr const char* kTables = R"(
  CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
  CREATE SEQUENCE numbers;
  CREATE TABLE log (seq bigint PRIMARY KEY, part int) ;
  CREATE FUNCTION seven() RETURNS int LANGUAGE sql AS 'SELECT 7';
)";

Status CodeOf(Database& database, const std::string& sql) {
  return database.Read({sql, {}}).status();
}

TEST(Migrator, RunsEachMigrationOnceAndRemembersIt) {
  PgSchema schema(std::vector<Migration>{{"0001_a", "CREATE TABLE a (); CREATE TABLE b ()"},
                                         {"0002_c", "CREATE TABLE c AS SELECT 1 AS n"}});
  MigrationPlan plan = schema.plan();
  ASSERT_TRUE(Migrate(plan).ok()) << "a second run finds all done";
  plan.migrations.push_back({"0003_d", "INSERT INTO c VALUES (2)"});
  ASSERT_TRUE(Migrate(plan).ok());
  ASSERT_TRUE(Migrate(plan).ok());
  EXPECT_EQ(schema.Execute("SELECT count(*) FROM c").GetInt(0, 0), 2);
  const Rows rows =
      schema.Execute("SELECT name, length(sha256) FROM schema_migrations ORDER BY applied_at");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows.GetString(0, 0), "0001_a");
  EXPECT_EQ(rows.GetString(2, 0), "0003_d");
  EXPECT_EQ(rows.GetInt(0, 1), 64);
}

TEST(Migrator, OlderVersionLeavesNewerMigrationsAlone) {
  PgSchema schema(
      std::vector<Migration>{{"0001_a", "CREATE TABLE a ()"}, {"0002_b", "CREATE TABLE b ()"}});
  MigrationPlan older = schema.plan();
  older.migrations.pop_back();
  EXPECT_TRUE(Migrate(older).ok());
}

TEST(Migrator, ChangedMigrationIsRefusedBeforeAnythingRuns) {
  PgSchema schema("CREATE TABLE a ()");
  MigrationPlan plan = schema.plan();
  plan.migrations.insert(plan.migrations.begin(), {"0000_new", "CREATE TABLE b ()"});
  plan.migrations.back().sql += " -- one word more";
  const Status status = Migrate(plan);
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.reason(), "MIGRATION_CHANGED");
  EXPECT_EQ(status.metadata().at("migration"), "0001_test");
  EXPECT_TRUE(schema.Execute("SELECT to_regclass('b')::text").IsNull(0, 0));
}

TEST(Migrator, FailedMigrationLeavesNothingBehindAndNamesItself) {
  PgSchema schema("CREATE TABLE a ()");
  MigrationPlan plan = schema.plan();
  plan.migrations.push_back({"0002_bad", "CREATE TABLE b (); SELECT * FROM nowhere"});
  const Status status = Migrate(plan);
  EXPECT_EQ(status.metadata().at("migration"), "0002_bad");
  EXPECT_EQ(status.metadata().at("sqlstate"), "42P01");
  EXPECT_TRUE(schema.Execute("SELECT to_regclass('b')::text").IsNull(0, 0));
  plan.migrations.back().sql = "CREATE TABLE b ()";
  EXPECT_TRUE(Migrate(plan).ok());
}

TEST(Migrator, SeveralAtOnceApplyEachMigrationOnce) {
  PgSchema schema;
  MigrationPlan plan = schema.plan();
  plan.migrations = {{"0001_a", "CREATE TABLE a (n int); SELECT pg_sleep(0.05)"},
                     {"0002_b", "INSERT INTO a VALUES (1)"}};
  std::vector<Status> results(4);
  std::vector<std::thread> threads;
  for (Status& result : results) threads.emplace_back([&] { result = Migrate(plan); });
  for (auto& thread : threads) thread.join();
  for (const Status& result : results) EXPECT_TRUE(result.ok()) << result.ToString();
  EXPECT_EQ(schema.Execute("SELECT count(*) FROM a").GetInt(0, 0), 1);
}

TEST(Migrator, MigrationsOfDifferentSchemasDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      PgSchema schema(
          "CREATE TABLE a (body text); CREATE INDEX ON a USING gin (body gin_trgm_ops)");
      EXPECT_TRUE(schema.database().Read({"SELECT body FROM a", {}}).ok());
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(Migrator, GivesWayToWhoeverHoldsTheTableAndTriesAgain) {
  PgSchema schema("CREATE TABLE a (n int)");
  auto holder = schema.owner().OpenSession();
  ASSERT_TRUE(holder.ok());
  const Statement lock{"LOCK TABLE a IN ACCESS SHARE MODE", {}};
  ASSERT_TRUE((*holder)->RunBegin({&lock, 1}).ok());
  MigrationPlan plan = schema.plan();
  plan.migrations.push_back({"0002_b", "ALTER TABLE a ADD COLUMN m int"});
  Status status = Internal("not finished");
  std::thread migrator([&] { status = Migrate(plan); });
  const auto waiting = [&] {
    return schema
        .Execute(
            "SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass AND NOT granted AND "
            "mode = 'AccessExclusiveLock'")
        .GetInt(0, 0);
  };
  EXPECT_TRUE(Eventually([&] { return waiting() == 1; }));
  EXPECT_TRUE(Eventually([&] { return waiting() == 0; })) << "must not queue up for ever";
  EXPECT_TRUE((*holder)->Rollback().ok());
  migrator.join();
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(Migrator, RunningRoleHasTheRightsItNeedsAndNoMore) {
  PgSchema schema(kTables);
  Database& role = schema.database();
  for (const char* allowed :
       {"INSERT INTO things (body) VALUES ('a')", "UPDATE things SET body = 'b'",
        "DELETE FROM things", "SELECT nextval('numbers')", "SELECT seven()",
        "INSERT INTO log VALUES (1)", "SELECT * FROM log", "SELECT * FROM schema_migrations"}) {
    EXPECT_TRUE(role.Read({allowed, {}}).ok()) << allowed;
  }
  for (const char* refused :
       {"UPDATE log SET seq = 2", "DELETE FROM log", "TRUNCATE log", "TRUNCATE things",
        "DELETE FROM schema_migrations", "INSERT INTO schema_migrations VALUES ('x', 'y')",
        "CREATE TABLE mine ()", "ALTER TABLE things ADD COLUMN x int", "DROP TABLE things",
        "CREATE ROLE intruder"}) {
    EXPECT_EQ(CodeOf(role, refused).metadata().at("sqlstate"), "42501") << refused;
  }
}

TEST(Migrator, TablesOfALaterMigrationGetTheSameRights) {
  PgSchema schema(kTables);
  MigrationPlan plan = schema.plan();
  plan.migrations.push_back({"0002_more", "CREATE TABLE more (n int)"});
  ASSERT_TRUE(Migrate(plan).ok());
  EXPECT_TRUE(CodeOf(schema.database(), "UPDATE more SET n = 1").ok());
  EXPECT_TRUE(CodeOf(schema.scan(), "SELECT n FROM more").ok());
}

TEST(Migrator, PartitionsOfTheLogAreAppendOnlyToo) {
  PgSchema schema(R"(
    CREATE TABLE log (seq bigint) PARTITION BY RANGE (seq);
    CREATE TABLE log_first PARTITION OF log FOR VALUES FROM (0) TO (100);)");
  EXPECT_TRUE(CodeOf(schema.database(), "INSERT INTO log VALUES (1)").ok());
  EXPECT_EQ(CodeOf(schema.database(), "DELETE FROM log_first").code(), Code::kPermissionDenied);
}

TEST(Migrator, ScanRoleOnlySelects) {
  PgSchema schema(kTables);
  EXPECT_TRUE(CodeOf(schema.scan(), "SELECT * FROM log").ok());
  for (const char* refused : {"INSERT INTO log VALUES (1)", "DELETE FROM things", "SELECT seven()",
                              "SELECT nextval('numbers')"}) {
    EXPECT_EQ(CodeOf(schema.scan(), refused).code(), Code::kPermissionDenied) << refused;
  }
}

TEST(Migrator, NeitherRoleCanDoMoreThanItsAttributesSay) {
  PgSchema schema(kTables);
  const Rows rows = schema.Execute(
      "SELECT rolbypassrls, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication FROM "
      "pg_roles WHERE rolname LIKE $1::text || '%' ORDER BY rolname",
      {schema.name()});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_FALSE(rows.GetBool(0, 0));
  EXPECT_TRUE(rows.GetBool(1, 0)) << "the scan role sees all tenants";
  EXPECT_FALSE(rows.GetBool(0, 1) || rows.GetBool(1, 1));
}

TEST(Migrator, RoleThatWasMadePowerfulIsBroughtBack) {
  PgSchema schema(kTables);
  schema.Execute("ALTER ROLE " + schema.name() + " BYPASSRLS CREATEDB");
  ASSERT_TRUE(Migrate(schema.plan()).ok());
  EXPECT_FALSE(
      schema
          .Execute("SELECT rolbypassrls OR rolcreatedb FROM pg_roles WHERE rolname = $1::text",
                   {schema.name()})
          .GetBool(0, 0));
}

TEST(Migrator, RoleThatOwnsATableIsRefused) {
  PgSchema schema(kTables);
  schema.Execute("ALTER TABLE things OWNER TO " + schema.name());
  const Status status = Migrate(schema.plan());
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.reason(), "ROLE_TOO_POWERFUL");
}

TEST(Migrator, PasswordIsStoredAsScramOnly) {
  PgSchema schema;
  const Rows rows =
      schema.Execute("SELECT rolpassword FROM pg_authid WHERE rolname = $1::text", {schema.name()});
  EXPECT_TRUE(rows.GetString(0, 0).starts_with("SCRAM-SHA-256$")) << rows.GetString(0, 0);
}

TEST(Migrator, NamesThatAreNoPlainIdentifiersAreRefused) {
  MigrationPlan plan{.owner_dsn = test::PostgresDsn(),
                     .schema = "crm_x",
                     .role = "r; DROP ROLE r",
                     .scan_role = "s"};
  EXPECT_EQ(Migrate(plan).code(), Code::kInvalidArgument);
  plan.role = "crm_x";
  plan.migrations = {{"0001_a", ""}, {"0001_a", ""}};
  EXPECT_EQ(Migrate(plan).code(), Code::kInvalidArgument);
}

TEST(Migrator, UnreachableServerIsUnavailable) {
  MigrationPlan plan{.owner_dsn = "host=127.0.0.1 port=1",
                     .schema = "crm_x",
                     .role = "crm_x",
                     .scan_role = "crm_x_scan"};
  EXPECT_EQ(Migrate(plan).reason(), "PG_CONNECTION_LOST");
}

TEST(LoadMigrations, ReadsTheSqlFilesOfAFolderByName) {
  const auto folder = std::filesystem::temp_directory_path() / test::UniqueName("migrations");
  std::filesystem::create_directory(folder);
  for (const auto& [name, text] :
       {std::pair{"0002_b.sql", "SELECT 2;\n"}, std::pair{"0001_a.sql", "SELECT 1;\n"},
        std::pair{"README.md", "no"}}) {
    std::ofstream(folder / name) << text;
  }
  auto migrations = LoadMigrations(folder.string());
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(migrations.ok()) << migrations.status().ToString();
  ASSERT_EQ(migrations->size(), 2u);
  EXPECT_EQ((*migrations)[0].name, "0001_a");
  EXPECT_EQ((*migrations)[1].name, "0002_b");
  EXPECT_EQ((*migrations)[1].sql, "SELECT 2;\n");
  EXPECT_EQ(LoadMigrations(folder.string()).status().code(), Code::kNotFound);
}

TEST(DsnForRole, KeepsEverythingButTheUserInBothForms) {
  for (const char* dsn : {"postgres://boss:secret@db.example:5433/crm?sslmode=require",
                          "host=db.example port=5433 user=boss password=secret dbname=crm "
                          "sslmode=require"}) {
    auto result = DsnForRole(dsn, "crm_leads", R"(it's \)");
    ASSERT_TRUE(result.ok());
    EXPECT_TRUE(result->starts_with(R"(user='crm_leads' password='it\'s \\' )")) << *result;
    for (const char* part :
         {"host='db.example'", "port='5433'", "dbname='crm'", "sslmode='require'"}) {
      EXPECT_NE(result->find(part), std::string::npos) << part << " in " << *result;
    }
    EXPECT_EQ(result->find("secret"), std::string::npos);
  }
  EXPECT_EQ(DsnForRole("postgres://[", "a", "").status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace crm::pg
