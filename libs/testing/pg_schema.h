// A schema of one's own on the shared PostgreSQL, with its two roles, gone at the end of the test:
//
//   PgSchema schema("CREATE TABLE things (...)");
//   PgSchema schema(*pg::LoadMigrations("services/leads/migrations"));
//   auto rows = schema.database().Read(tenant, {"SELECT ...", {}});
//
// Everything throws std::runtime_error where the server refuses. Not thread-safe; the databases
// are.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/pg/database.h"
#include "libs/pg/migrator.h"

namespace crm::test {

class PgSchema {
 public:
  PgSchema() : PgSchema(std::vector<pg::Migration>()) {}
  explicit PgSchema(std::vector<pg::Migration> migrations);
  // One migration with these statements.
  explicit PgSchema(const std::string& sql)
      : PgSchema(std::vector{pg::Migration{"0001_test", sql}}) {}
  // Ends the connections that the test has left open, then drops schema and roles.
  ~PgSchema();
  PgSchema(const PgSchema&) = delete;
  PgSchema& operator=(const PgSchema&) = delete;

  // Schema and running role have the same name, the scan role "<name>_scan".
  const std::string& name() const { return plan_.schema; }
  const pg::MigrationPlan& plan() const { return plan_; }

  // How to open what database(), scan() and owner() are, with other settings.
  pg::DatabaseOptions options() const { return OptionsFor(plan_.role); }
  pg::DatabaseOptions scan_options() const { return OptionsFor(plan_.scan_role); }
  pg::DatabaseOptions owner_options() const;

  // As the service runs: under row-level security.
  pg::Database& database() { return *database_; }
  // As relay and timers read: all tenants, no writing.
  pg::Database& scan() { return *scan_; }
  // As the superuser, for looking behind the scenes.
  pg::Database& owner() { return *owner_; }
  // One statement as the owner, in a transaction of its own.
  pg::Rows Execute(const std::string& sql, std::vector<pg::Param> params = {});

 private:
  void Drop();
  pg::DatabaseOptions OptionsFor(const std::string& role) const;

  pg::MigrationPlan plan_;
  std::unique_ptr<pg::Database> owner_;
  std::unique_ptr<pg::Database> database_;
  std::unique_ptr<pg::Database> scan_;
};

}  // namespace crm::test
