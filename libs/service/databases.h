// The two ways in which a service reaches its schema; see config/v1/config.proto, message Postgres.
#pragma once

#include <memory>
#include <string>

#include "crm/config/v1/config.pb.h"
#include "libs/pg/database.h"

namespace crm {

struct ServiceDatabases {
  // As the running role, under row-level security.
  std::unique_ptr<pg::Database> own;
  // As the role that may only select, over all tenants.
  std::unique_ptr<pg::Database> scan;
};

// Connects lazily.
Result<ServiceDatabases> OpenDatabases(const config::v1::Config& config,
                                       const std::string& service);

}  // namespace crm
