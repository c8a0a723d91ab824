// RecentRecords: records as this process last read or committed them, so that a call that needs one
// of them need not ask the database. What is here may be out of date, because other replicas write
// too; so it serves only reads that enter a check set, whose commit compares them with the truth. A
// wrong guess costs one more attempt and is forgotten.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>

#include "libs/command/store.h"

namespace crm {

// Bounded by the size of what it holds; the longest unused leaves first. Thread-safe.
class RecentRecords {
 public:
  explicit RecentRecords(size_t bytes) : limit_(bytes) {}

  // nullopt: nothing is known. Version 0: there was no such record.
  std::optional<StoredRecord> Find(const RecordKey& key);
  void Put(const RecordKey& key, StoredRecord record);
  void Forget(const RecordKey& key);

 private:
  struct Entry {
    RecordKey key;
    StoredRecord record;
  };
  using Entries = std::list<Entry>;

  void Remove(Entries::iterator entry);  // REQUIRES(mutex_)

  const size_t limit_;
  std::mutex mutex_;
  Entries entries_;                               // GUARDED_BY(mutex_), last used first
  std::map<RecordKey, Entries::iterator> known_;  // GUARDED_BY(mutex_)
  size_t bytes_ = 0;                              // GUARDED_BY(mutex_)
};

}  // namespace crm
