#include "libs/command/store.h"

namespace crm {

Result<std::optional<StoredRecord>> Store::Get(const RecordKey& key, std::stop_token stop) {
  auto found = GetEach(std::span(&key, 1), std::move(stop));
  if (!found.ok()) return found.status();
  return std::move(found->front());
}

Result<std::vector<StoredRecord>> Store::GetMany(const RecordType& type, const Uuid& tenant,
                                                 std::span<const Uuid> ids, std::stop_token stop) {
  std::vector<RecordKey> keys;
  for (const Uuid& id : ids) keys.push_back({&type, tenant, id});
  auto found = GetEach(keys, std::move(stop));
  if (!found.ok()) return found.status();
  std::vector<StoredRecord> records;
  for (auto& record : *found) {
    if (record) records.push_back(std::move(*record));
  }
  return records;
}

Status FutureAsOf(Time time) {
  return Status(Code::kInvalidArgument, "AS_OF_IN_FUTURE",
                "What will be known at " + FormatTime(time) +
                    " cannot be asked yet; give a moment that has passed.")
      .Violates("as_of", "lies in the future");
}

}  // namespace crm
