#include "libs/testing/pg_schema.h"

#include <cstdio>
#include <stdexcept>

#include "libs/pg/dsn.h"
#include "libs/testing/servers.h"

namespace crm::test {
namespace {

constexpr const char* kPassword = "only for tests";

template <class T>
T OrThrow(Result<T> result) {
  if (!result.ok()) throw std::runtime_error("PgSchema: " + result.status().ToString());
  return std::move(*result);
}

// Making and dropping schemas waits for no disk; what the test itself does is as durable as ever.
std::string Hasty(const std::string& dsn) {
  if (!dsn.starts_with("postgres")) return dsn + " options='-c synchronous_commit=off'";
  return dsn + (dsn.find('?') == std::string::npos ? "?" : "&") +
         "options=-c%20synchronous_commit%3Doff";
}

pg::MigrationPlan PlanFor(std::vector<pg::Migration> migrations) {
  pg::MigrationPlan plan;
  plan.owner_dsn = Hasty(PostgresDsn());
  plan.schema = UniqueName("crm_test");
  plan.role = plan.schema;
  plan.role_password = kPassword;
  plan.scan_role = plan.schema + "_scan";
  plan.scan_role_password = kPassword;
  plan.migrations = std::move(migrations);
  return plan;
}

}  // namespace

PgSchema::PgSchema(std::vector<pg::Migration> migrations)
    : plan_(PlanFor(std::move(migrations))), owner_(OrThrow(pg::Database::Open(owner_options()))) {
  if (Status status = pg::Migrate(plan_); !status.ok()) {
    Drop();
    throw std::runtime_error("PgSchema: " + status.ToString());
  }
  database_ = OrThrow(pg::Database::Open(options()));
  scan_ = OrThrow(pg::Database::Open(scan_options()));
}

PgSchema::~PgSchema() {
  database_.reset();
  scan_.reset();
  Drop();
}

void PgSchema::Drop() {
  const std::string roles = plan_.role + ", " + plan_.scan_role;
  try {
    Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ($1::text, "
        "$2::text)",
        {pg::Value(plan_.role), pg::Value(plan_.scan_role)});
    Execute("DROP SCHEMA IF EXISTS " + plan_.schema + " CASCADE");
    Execute("DROP OWNED BY " + roles);
    Execute("DROP ROLE " + roles);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "Schema %s is left behind: %s\n", plan_.schema.c_str(), error.what());
  }
}

pg::DatabaseOptions PgSchema::owner_options() const {
  pg::DatabaseOptions options;
  options.dsn = plan_.owner_dsn;
  options.schema = plan_.schema;
  options.pool_size = 2;
  return options;
}

pg::Rows PgSchema::Execute(const std::string& sql, std::vector<pg::Param> params) {
  return OrThrow(owner_->Read({sql, std::move(params)}, {}));
}

pg::DatabaseOptions PgSchema::OptionsFor(const std::string& role) const {
  pg::DatabaseOptions options = owner_options();
  options.dsn = OrThrow(pg::DsnForRole(PostgresDsn(), role, kPassword));
  options.pool_size = 4;
  return options;
}

}  // namespace crm::test
