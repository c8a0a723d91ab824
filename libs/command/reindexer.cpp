#include "libs/command/reindexer.h"

#include "libs/command/record_codec.h"

namespace crm {

namespace {

// Well below what may wait for a committer.
constexpr size_t kBatch = 1000;

// Writes the index of a record anew, at the version that it has.
Result<std::unique_ptr<WriteSet>> IndexAgain(const RecordType& type, const ListedRecord& listed) {
  auto record = type.NewMessage();
  if (auto status = DecodeRecord(listed.record.body, *record); !status.ok()) return status;
  RecordKey key{&type, listed.tenant, listed.record.id};
  auto set = std::make_unique<WriteSet>();
  set->tenant = listed.tenant;
  set->checks.push_back({key, listed.record.version});
  set->records.push_back(MakeRecordWrite(key, listed.record.version, *record));
  set->records.back().occurred = listed.record.occurred;
  set->records.back().wanted_again = false;
  return set;
}

}  // namespace

Reindexer::Reindexer(const RecordTypes& types, PgStore& store, Committer& committer)
    : types_(types), store_(store), committer_(committer) {}

Result<bool> Reindexer::Step(std::stop_token stop) {
  if (*under_way_ > 0) return true;
  for (const auto& type : types_.all()) {
    if (type->index_revision() == 0) continue;
    auto outdated = store_.Outdated(*type, kBatch, stop);
    if (!outdated.ok()) return outdated.status();
    for (const auto& listed : *outdated) {
      auto set = IndexAgain(*type, listed);
      if (!set.ok()) return set.status();
      ++*under_way_;
      // Stale: somebody has changed the record, and with it its index. Failed: found again.
      auto status = committer_.Submit(std::move(*set), [at = under_way_](CommitResult) { --*at; });
      if (!status.ok()) {
        --*under_way_;
        return status;
      }
    }
    if (!outdated->empty()) return true;
  }
  return false;
}

}  // namespace crm
