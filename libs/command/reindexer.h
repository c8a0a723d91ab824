// Reindexer: brings rows that were stored before a field became filterable or sortable up to the
// type's index_revision. Rows keep their versions and the log gets nothing: columns are an index of
// the body, and only the index is written anew. It goes through the committer, so a record that
// changes meanwhile is left to that change, which writes the new index itself.
//
// Until a tenant's rows are all there, lists that name the field are refused (FIELD_BEING_INDEXED).
#pragma once

#include <atomic>
#include <memory>
#include <stop_token>

#include "libs/command/committer.h"
#include "libs/command/pg_store.h"

namespace crm {

// One thread. All arguments outlive it, and the committer is stopped before it goes.
class Reindexer {
 public:
  Reindexer(const RecordTypes& types, PgStore& store, Committer& committer);

  // Hands in one batch, unless the one before is still being committed. False: nothing is left.
  Result<bool> Step(std::stop_token stop);

 private:
  const RecordTypes& types_;
  PgStore& store_;
  Committer& committer_;
  std::shared_ptr<std::atomic<size_t>> under_way_ = std::make_shared<std::atomic<size_t>>(0);
};

}  // namespace crm
