#include "libs/command/recent_records.h"

namespace crm {

namespace {

// An entry beside its body: list and map nodes, key, record.
constexpr size_t kOverhead = 300;

}  // namespace

void RecentRecords::Put(const RecordKey& key, StoredRecord record) {
  size_t size = kOverhead + record.body.size();
  records_.Put(key, std::move(record), size);
}

std::shared_ptr<const Collection> RecentRecords::FindCollection(const RecordKey& key,
                                                                int64_t stamp) {
  auto found = collections_.Find(key);
  return found && (*found)->stamp == stamp ? *found : nullptr;
}

void RecentRecords::PutCollection(const RecordKey& key,
                                  std::shared_ptr<const Collection> collection) {
  size_t size = kOverhead;
  for (const auto& record : collection->records) size += record->SpaceUsedLong();
  collections_.Put(key, std::move(collection), size);
}

}  // namespace crm
