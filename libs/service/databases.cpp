#include "libs/service/databases.h"

#include "libs/config/config.h"
#include "libs/pg/dsn.h"

namespace crm {

namespace {

Result<std::unique_ptr<pg::Database>> Open(const config::v1::PostgresModule& settings,
                                           const std::string& role,
                                           const std::string& password_file) {
  auto dsn = pg::DsnForRole(settings.dsn(), role, "");
  if (!dsn.ok()) return dsn.status();
  pg::DatabaseOptions options;
  options.dsn = std::move(*dsn);
  options.password_file = password_file;
  options.schema = settings.schema();
  options.pool_size = static_cast<size_t>(settings.pool_size());
  options.pool_wait = std::chrono::duration_cast<std::chrono::milliseconds>(
      config::ToDuration(settings.pool_wait()));
  options.connect_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
      config::ToDuration(settings.connect_timeout()));
  return pg::Database::Open(options);
}

}  // namespace

Result<ServiceDatabases> OpenDatabases(const config::v1::Config& config,
                                       const std::string& service) {
  auto settings = config::PostgresOf(config, service);
  auto own = Open(settings, settings.role(), settings.password_file());
  if (!own.ok()) return own.status();
  auto scan = Open(settings, settings.scan_role(), settings.scan_password_file());
  if (!scan.ok()) return scan.status();
  return ServiceDatabases{std::move(*own), std::move(*scan)};
}

}  // namespace crm
