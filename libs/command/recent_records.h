// RecentRecords: records as this process last read or committed them, and whole collections as it
// last read them, so that a call that needs them need not ask the database. What is here may be out
// of date, because other replicas write too; so it serves only reads that enter a check set, whose
// commit compares them with the truth. A wrong guess costs one more attempt and is forgotten.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libs/base/lru_cache.h"
#include "libs/command/store.h"

namespace crm {

// All live records of a tenant and type.
struct Collection {
  // Version of its CollectionStamp; 0: it has none.
  int64_t stamp = 0;
  std::vector<std::unique_ptr<const google::protobuf::Message>> records;
};

// Bounded by the size of what it holds; the longest unused leaves first. Thread-safe.
class RecentRecords {
 public:
  // Of records, and as many of collections.
  explicit RecentRecords(size_t bytes) : records_(bytes), collections_(bytes) {}

  // nullopt: nothing is known. Version 0: there was no such record.
  std::optional<StoredRecord> Find(const RecordKey& key) { return records_.Find(key); }
  void Put(const RecordKey& key, StoredRecord record);
  void Forget(const RecordKey& key) { records_.Forget(key); }

  // By the key of its stamp; nullptr: it is not known as it was at `stamp`.
  std::shared_ptr<const Collection> FindCollection(const RecordKey& key, int64_t stamp);
  void PutCollection(const RecordKey& key, std::shared_ptr<const Collection> collection);

 private:
  LruCache<RecordKey, StoredRecord, RecordKeyHash> records_;
  LruCache<RecordKey, std::shared_ptr<const Collection>, RecordKeyHash> collections_;
};

}  // namespace crm
