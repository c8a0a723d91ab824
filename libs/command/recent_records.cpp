#include "libs/command/recent_records.h"

namespace crm {

namespace {

// An entry beside its body: list and map nodes, key, record.
constexpr size_t kOverhead = 300;

size_t SizeOf(const StoredRecord& record) {
  return kOverhead + record.body.size();
}

}  // namespace

std::optional<StoredRecord> RecentRecords::Find(const RecordKey& key) {
  std::lock_guard lock(mutex_);
  auto found = known_.find(key);
  if (found == known_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->record;
}

void RecentRecords::Put(const RecordKey& key, StoredRecord record) {
  size_t size = SizeOf(record);
  std::lock_guard lock(mutex_);
  auto found = known_.find(key);
  if (found != known_.end()) Remove(found->second);
  if (size > limit_) return;
  entries_.push_front({key, std::move(record)});
  known_[key] = entries_.begin();
  bytes_ += size;
  while (bytes_ > limit_) Remove(std::prev(entries_.end()));
}

void RecentRecords::Forget(const RecordKey& key) {
  std::lock_guard lock(mutex_);
  auto found = known_.find(key);
  if (found != known_.end()) Remove(found->second);
}

void RecentRecords::Remove(Entries::iterator entry) {
  bytes_ -= SizeOf(entry->record);
  known_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace crm
