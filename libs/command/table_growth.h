// TableGrowth: when PostgreSQL should look again at a table that was nearly empty a moment ago.
//
// For an empty table each index costs the same, so a plan made then may find a record by any of
// them, going through all of the tenant, and a connection keeps it until the table is analysed.
// Autovacuum does that within a minute (autovacuum_naptime), in which an import has stored 100,000
// rows, each more slowly than the last. So the committer asks for it after the first rows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/pg/database.h"

namespace crm {

// Not thread-safe.
class TableGrowth {
 public:
  void Add(const std::string& table, int64_t rows);
  // What is to be run now: for each table when this process has stored 100, 1,000 and 10,000 rows
  // of it. Does nothing where PostgreSQL knows of as many.
  std::vector<pg::Statement> Due();

 private:
  struct Growth {
    int64_t rows = 0;
    int64_t next = 100;
  };
  std::map<std::string, Growth> tables_;
};

}  // namespace crm
