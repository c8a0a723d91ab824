// Forward-only migrations, run as the schema's owner before a service starts.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"

namespace crm::pg {

struct Migration {
  std::string name;  // "0001_leads"
  // One or more statements, run in one transaction with the schema as search_path.
  std::string sql;
};

struct MigrationPlan {
  std::string owner_dsn = {};  // may create roles and schemas
  std::string schema = {};     // crm_leads
  // Running role: owns nothing, cannot bypass row-level security. Created with `role_password`
  // (empty: no password) and given USAGE on the schema and DML on its tables (SELECT and INSERT
  // only on `log`, SELECT only on `schema_migrations`).
  std::string role = {};
  std::string role_password = {};
  // A second role that may only select, over all tenants (relay and timer scans): BYPASSRLS.
  std::string scan_role = {};
  std::string scan_role_password = {};
  std::vector<Migration> migrations = {};  // applied in this order
};

// Brings the schema to the newest migration and both roles to the rights above. Safe to run from
// several processes at once (advisory lock) and under the old version running: a migration waits at
// most two seconds for a table, gives way, and tries again. Where the owner may not change roles,
// both must be there with the right attributes.
//
// Applied migrations are kept in `schema_migrations` with the SHA-256 of their text. Those that the
// plan does not know, of a newer version, are left alone. FAILED_PRECONDITION with reason
// MIGRATION_CHANGED: an applied one has another text now; ROLE_TOO_POWERFUL: the running role owns
// something or can become the owner. A migration that fails leaves nothing of itself behind; its
// Status has metadata "migration" and "sqlstate".
Status Migrate(const MigrationPlan& plan);

// The *.sql files of a folder, by name; a migration's name is its file's without the suffix.
// NOT_FOUND where the folder cannot be read.
Result<std::vector<Migration>> LoadMigrations(const std::string& folder);

}  // namespace crm::pg
