// PostgreSQL's own pgbench as the counterpart: prepared statements over the Unix socket.
#pragma once

#include <string>

#include "tests/bench/journal.h"

namespace crm::bench {

struct PgbenchOptions {
  std::string dsn;
  // pgbench's script. Its variable :client_id is below 256; :i starts at `start` in each run.
  std::string script;
  int64_t start = 0;
  int clients = 1;
  double seconds = 5;
  // Transactions a second at random moments; latency then counts from the intended moment. 0: as
  // many as possible.
  double rate = 0;
  // The folder for script and log.
  std::string folder;
};

// Throws std::runtime_error where pgbench fails.
Slice RunPgbench(const PgbenchOptions& options);

}  // namespace crm::bench
