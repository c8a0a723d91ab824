// Forward-only migrations, run as the schema's owner before a service starts.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"

namespace crm::pg {

struct Migration {
  std::string name;  // "0001_leads"; applied in the order of names within their set
  std::string sql;
};

struct MigrationPlan {
  std::string owner_dsn;  // may create roles and schemas
  std::string schema;     // crm_leads
  // Running role: owns nothing, cannot bypass row-level security. Created with `role_password`
  // (empty: no password) and given USAGE on the schema and DML on its tables (SELECT and INSERT
  // only on the log).
  std::string role;
  std::string role_password;
  // A second role that may only select, over all tenants (relay and timer scans): BYPASSRLS.
  std::string scan_role;
  std::vector<Migration> migrations;
};

// Brings the schema to the newest migration. Safe to run from several processes at once (advisory
// lock) and under the old version running. An applied migration whose text has changed since is
// refused (reason MIGRATION_CHANGED).
Status Migrate(const MigrationPlan& plan);

// The *.sql files of a folder, by name.
Result<std::vector<Migration>> LoadMigrations(const std::string& folder);

}  // namespace crm::pg
