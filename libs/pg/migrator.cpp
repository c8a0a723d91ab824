#include "libs/pg/migrator.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <pqxx/pqxx>
#include <set>
#include <sstream>
#include <thread>

#include "libs/base/crash_point.h"
#include "libs/base/hex.h"
#include "libs/base/sha256.h"
#include "libs/pg/password.h"
#include "libs/pg/sqlstate.h"

namespace crm::pg {
namespace {

using std::chrono::milliseconds;

constexpr int kLockTries = 60;
constexpr milliseconds kLongestPause{1000};

std::string Fingerprint(const std::string& text) {
  return ToHex(Sha256(text));
}

// Every name below goes into statements as it is.
Status CheckName(const std::string& field, const std::string& name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
  if (name.empty() || name.size() > 63 || (name[0] >= '0' && name[0] <= '9') ||
      name.find_first_not_of(kLetters) != std::string::npos) {
    return InvalidField(field, "'" + name + "' must be 1 to 63 of a-z, 0-9 and _.");
  }
  return Status::Ok();
}

Status CheckPlan(const MigrationPlan& plan) {
  for (const auto& [field, name] : {std::pair{"schema", plan.schema}, std::pair{"role", plan.role},
                                    std::pair{"scan_role", plan.scan_role}}) {
    if (Status status = CheckName(field, name); !status.ok()) return status;
  }
  std::set<std::string> names;
  for (const Migration& migration : plan.migrations) {
    if (!names.insert(migration.name).second) {
      return InvalidField("migrations", "'" + migration.name + "' is there twice.");
    }
  }
  return Status::Ok();
}

// Runs `work` and turns libpqxx's exceptions into a Status.
Status Guard(const std::function<Status()>& work) {
  try {
    return work();
  } catch (const pqxx::deadlock_detected& error) {
    return StatusOf("40P01", error.what());
  } catch (const pqxx::sql_error& error) {
    return StatusOf(error.sqlstate(), error.what());
  } catch (const pqxx::broken_connection& error) {
    return ConnectionLost(error.what());
  } catch (const pqxx::in_doubt_error& error) {
    return ConnectionLost(error.what());
  } catch (const std::exception& error) {
    return Internal(error.what());
  }
}

class Migrator {
 public:
  explicit Migrator(const MigrationPlan& plan) : plan_(plan), conn_(plan.owner_dsn) {}

  Status Run() {
    CreateExtension();
    // Until the connection ends, so that of several migrators one works and the others find it
    // done.
    pqxx::nontransaction(conn_).exec("SELECT pg_advisory_lock(hashtextextended(" +
                                     conn_.quote("crm migrate " + plan_.schema) + ", 0))");
    CreateSchema();
    for (const bool scan : {false, true}) {
      if (Status status = CreateRole(scan); !status.ok()) return status;
    }
    GrantDefaults();
    if (Status status = ApplyAll(); !status.ok()) return status;
    Grant();
    return VerifyRole();
  }

 private:
  void CreateExtension() {
    pqxx::work work(conn_);
    // Migrators of different schemas meet here, and IF NOT EXISTS alone does not stand that.
    work.exec("SELECT pg_advisory_xact_lock(hashtextextended('crm extension', 0))");
    if (work.exec("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'").empty()) {
      work.exec("CREATE EXTENSION pg_trgm SCHEMA public");
    }
    work.commit();
  }

  void CreateSchema() {
    pqxx::work work(conn_);
    if (work.exec("SELECT 1 FROM pg_namespace WHERE nspname = " + work.quote(plan_.schema))
            .empty()) {
      work.exec("CREATE SCHEMA " + plan_.schema);
    }
    if (work.exec("SELECT to_regclass(" + work.quote(plan_.schema + ".schema_migrations") + ")")
            .front()
            .front()
            .is_null()) {
      work.exec("CREATE TABLE " + plan_.schema +
                ".schema_migrations (name text PRIMARY KEY, sha256 text NOT NULL, "
                "applied_at timestamptz NOT NULL DEFAULT now())");
    }
    work.commit();
  }

  // Leaves a role alone that is as it should be, since a restricted owner may not alter it.
  Status CreateRole(bool scan) {
    const std::string& role = scan ? plan_.scan_role : plan_.role;
    const std::string& password = scan ? plan_.scan_role_password : plan_.role_password;
    pqxx::work work(conn_);
    const std::string attributes =
        std::string(" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION ") +
        (scan ? "BYPASSRLS" : "NOBYPASSRLS");
    const auto found = work.exec(
        "SELECT rolcanlogin AND NOT rolsuper AND NOT rolcreatedb AND NOT rolcreaterole AND NOT "
        "rolreplication AND rolbypassrls = " +
        std::string(scan ? "true" : "false") +
        " FROM pg_roles WHERE rolname = " + work.quote(role));
    if (found.empty()) {
      work.exec("CREATE ROLE " + role + attributes);
    } else if (!found.front().front().as<bool>()) {
      work.exec("ALTER ROLE " + role + attributes);
    }
    if (!password.empty()) {
      auto verifier = PasswordVerifier(plan_.owner_dsn, role, password);
      if (!verifier.ok()) return verifier.status();
      work.exec("ALTER ROLE " + role + " PASSWORD " + work.quote(*verifier));
    }
    work.commit();
    return Status::Ok();
  }

  // For what the migrations create, so that nothing is without rights before Grant().
  void GrantDefaults() {
    pqxx::work work(conn_);
    const std::string in_schema = "ALTER DEFAULT PRIVILEGES IN SCHEMA " + plan_.schema + " GRANT ";
    work.exec("GRANT USAGE ON SCHEMA " + plan_.schema + " TO " + plan_.role + ", " +
              plan_.scan_role);
    work.exec(in_schema + "SELECT, INSERT ON TABLES TO " + plan_.role);
    work.exec(in_schema + "SELECT ON TABLES TO " + plan_.scan_role);
    work.exec(in_schema + "USAGE ON SEQUENCES TO " + plan_.role);
    work.exec(in_schema + "EXECUTE ON FUNCTIONS TO " + plan_.role);
    work.commit();
  }

  Status ApplyAll() {
    std::map<std::string, std::string> applied;
    {
      pqxx::work work(conn_);
      for (const auto& row :
           work.exec("SELECT name, sha256 FROM " + plan_.schema + ".schema_migrations")) {
        applied[row[0].as<std::string>()] = row[1].as<std::string>();
      }
    }
    for (const Migration& migration : plan_.migrations) {
      const auto found = applied.find(migration.name);
      if (found != applied.end() && found->second != Fingerprint(migration.sql)) {
        return FailedPrecondition("MIGRATION_CHANGED",
                                  "Migration " + migration.name + " of schema " + plan_.schema +
                                      " has changed since it was applied; write a new one.")
            .With("migration", migration.name);
      }
    }
    for (const Migration& migration : plan_.migrations) {
      if (applied.contains(migration.name)) continue;
      if (Status status = Apply(migration); !status.ok()) {
        return status.With("migration", migration.name);
      }
    }
    return Status::Ok();
  }

  // Waiting for a lock holds up everybody who comes later, hence many short waits.
  Status Apply(const Migration& migration) {
    milliseconds pause{50};
    for (int attempt = 1;; ++attempt) {
      Status status = Guard([&] { return ApplyOnce(migration); });
      const bool blocked = status.reason() == "PG_LOCK_TIMEOUT" || status.reason() == "PG_DEADLOCK";
      if (!blocked || attempt == kLockTries) return status;
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, kLongestPause);
    }
  }

  Status ApplyOnce(const Migration& migration) {
    pqxx::work work(conn_);
    work.exec("SET LOCAL lock_timeout = '2s'");
    work.exec("SET LOCAL search_path = " + plan_.schema + ", public");
    work.exec(migration.sql);
    work.exec_params(
        "INSERT INTO " + plan_.schema + ".schema_migrations (name, sha256) VALUES ($1, $2)",
        migration.name, Fingerprint(migration.sql));
    CrashPoint("migration.before_commit");
    work.commit();
    return Status::Ok();
  }

  // In one transaction, so that the version that is running never misses a right.
  void Grant() {
    pqxx::work work(conn_);
    const auto tables = work.exec(
        "SELECT quote_ident(c.relname), c.relname = 'schema_migrations', "
        "coalesce(root.relname, c.relname) = 'log' FROM pg_class c LEFT JOIN pg_class root ON "
        "c.relispartition AND root.oid = pg_partition_root(c.oid) WHERE c.relkind IN ('r', 'p') "
        "AND c.relnamespace = " +
        work.quote(plan_.schema) + "::regnamespace ORDER BY 1");
    const std::string in_schema = " IN SCHEMA " + plan_.schema;
    work.exec("REVOKE ALL ON ALL TABLES" + in_schema + " FROM PUBLIC, " + plan_.role + ", " +
              plan_.scan_role);
    work.exec("GRANT SELECT ON ALL TABLES" + in_schema + " TO " + plan_.role + ", " +
              plan_.scan_role);
    for (const auto& table : tables) {
      if (table[1].as<bool>()) continue;
      work.exec(std::string("GRANT INSERT") + (table[2].as<bool>() ? "" : ", UPDATE, DELETE") +
                " ON " + plan_.schema + "." + table[0].as<std::string>() + " TO " + plan_.role);
    }
    work.exec("GRANT USAGE ON ALL SEQUENCES" + in_schema + " TO " + plan_.role);
    work.exec("REVOKE EXECUTE ON ALL FUNCTIONS" + in_schema + " FROM PUBLIC");
    work.exec("GRANT EXECUTE ON ALL FUNCTIONS" + in_schema + " TO " + plan_.role);
    work.commit();
  }

  Status VerifyRole() {
    pqxx::work work(conn_);
    const auto found = work.exec(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) OR EXISTS (SELECT FROM "
        "pg_proc WHERE proowner = r.oid) OR EXISTS (SELECT FROM pg_namespace WHERE nspowner = "
        "r.oid), pg_has_role(r.oid, current_user, 'MEMBER') FROM pg_roles r WHERE rolname = " +
        work.quote(plan_.role));
    if (!found.front()[0].as<bool>() && !found.front()[1].as<bool>()) return Status::Ok();
    return FailedPrecondition("ROLE_TOO_POWERFUL",
                              "Role " + plan_.role +
                                  " owns objects or can become their owner, so row-level security "
                                  "would not hold it; use another role.")
        .With("role", plan_.role);
  }

  const MigrationPlan& plan_;
  pqxx::connection conn_;
};

}  // namespace

Status Migrate(const MigrationPlan& plan) {
  if (Status status = CheckPlan(plan); !status.ok()) return status;
  return Guard([&] { return Migrator(plan).Run(); });
}

Result<std::vector<Migration>> LoadMigrations(const std::string& folder) {
  std::error_code error;
  std::vector<Migration> migrations;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".sql") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return NotFound(entry.path().string());
    migrations.push_back({entry.path().stem().string(), text.str()});
  }
  if (error) return NotFound(folder);
  std::sort(migrations.begin(), migrations.end(),
            [](const Migration& a, const Migration& b) { return a.name < b.name; });
  return migrations;
}

}  // namespace crm::pg
