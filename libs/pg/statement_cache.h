// Which statements one connection has prepared, by text; the least recently used are given up.
#pragma once

#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/pg/types.h"

namespace crm::pg {

struct Prepared {
  std::string sql;
  std::string name;
  std::vector<ParamType> types;
  bool sent = false;  // its PREPARE is on its way or done
};

// Not thread-safe. Pointers stay good until the entry is dropped.
class StatementCache {
 public:
  explicit StatementCache(size_t limit) : limit_(limit) {}

  // The entry for `sql`, made where there is none. Fails where the parameters' types cannot be
  // read.
  Result<Prepared*> Find(const std::string& sql);
  // For an entry that the server turned out not to have.
  void Drop(const std::string& name);
  // Takes out the least recently used while there are too many; their names, for DEALLOCATE.
  std::vector<std::string> Evict();
  void Clear();

 private:
  const size_t limit_;
  uint64_t next_name_ = 0;
  std::list<Prepared> entries_;  // the most recently used in front
  std::unordered_map<std::string_view, std::list<Prepared>::iterator> by_sql_;
};

}  // namespace crm::pg
