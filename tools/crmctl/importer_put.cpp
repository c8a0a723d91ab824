// How the rows of a batch come to the server: those with new records together, the others one by
// one.
#include <map>

#include "libs/base/crash_point.h"
#include "tools/crmctl/importer.h"

namespace crm::ctl {

namespace {

// Rows of one call that creates many: enough that a call costs little beside its rows, and few
// enough that two processors have something to do.
constexpr size_t kChunkRows = 50;

}  // namespace

void Importer::PutRow(PlannedRow& row, const google::protobuf::Message* existing,
                      bool later) const {
  if (existing == nullptr && WasCounted(row)) return;
  if (later && existing == nullptr) {
    return row.Reject(mapping_.key.path, "RECORD_GONE", "was there a moment ago and is not now");
  }
  if (row.hangs_in_the_air) {
    row.result.outcome = existing == nullptr ? Outcome::kCreated : Outcome::kUpdated;
    return;
  }
  auto put = collection_->Put(row.wanted, existing,
                              OptionsFor(std::to_string(row.row) + (later ? "/later" : "")));
  CrashPoint("import.in_chunk");
  if (put) {
    row.result = *std::move(put);
    if (const auto& refused = row.result.refused) {
      const auto& violations = refused->why.field_violations();
      row.Reject(violations.empty() ? refused->verb : refused->verb + "." + violations[0].field,
                 refused->why);
    }
  } else if (IsRefusal(put.status())) {
    row.Reject("", put.status());
  } else {
    row.failure = put.status();
  }
}

PutOptions Importer::OptionsFor(const std::string& rows) const {
  return {remote_.run() + "/" + mapping_.name + "/" + rows, options_.dry_run};
}

bool Importer::WasCounted(const PlannedRow& row) const {
  return options_.dry_run &&
         references_.Find({mapping_.collection, mapping_.key.path, row.wanted.key}) != nullptr;
}

bool Importer::OnlyCreates(const PlannedRow& row) const {
  return !row.hangs_in_the_air && row.wanted.verbs.empty() && !WasCounted(row);
}

void Importer::CreateRows(std::span<PlannedRow* const> rows) const {
  std::vector<const Wanted*> wanted;
  // The same rows again after a stop are the same request.
  std::string numbers;
  for (const PlannedRow* row : rows) {
    wanted.push_back(&row->wanted);
    numbers += (numbers.empty() ? "" : ",") + std::to_string(row->row);
  }
  auto created = collection_->CreateMany(wanted, OptionsFor(numbers));
  CrashPoint("import.in_chunk");
  if (created) {
    for (size_t i = 0; i < rows.size(); ++i) rows[i]->result = std::move((*created)[i]);
  } else if (IsRefusal(created.status())) {
    // One row's fault, and nothing is stored: each on its own tells whose.
    for (PlannedRow* row : rows) PutRow(*row, nullptr, false);
  } else {
    for (PlannedRow* row : rows) row->failure = created.status();
  }
}

std::vector<Importer::SameKey> Importer::ByKey(std::vector<PlannedRow>& batch) {
  std::map<std::string, size_t> places;
  std::vector<SameKey> by_key;
  for (auto& row : batch) {
    if (row.rejection) continue;
    auto [place, is_new] = places.emplace(row.wanted.key, by_key.size());
    if (is_new) by_key.push_back({row.wanted.key});
    by_key[place->second].rows.push_back(&row);
  }
  return by_key;
}

void Importer::PutInOrder(const SameKey& same, const google::protobuf::Message* existing,
                          bool later) const {
  PutRow(*same.rows.front(), existing, later);
  for (size_t i = 1; i < same.rows.size(); ++i) {
    // A dry run left nothing to find.
    if (options_.dry_run && existing == nullptr) continue;
    auto again = collection_->Find({&same.key, 1});
    if (!again) {
      same.rows[i]->failure = again.status();
      return;
    }
    PutRow(*same.rows[i], again->empty() ? nullptr : again->begin()->second.get(), later);
  }
}

Status Importer::PutRows(std::vector<PlannedRow>& batch, bool later) {
  std::vector<SameKey> by_key = ByKey(batch);
  std::vector<std::string> keys;
  for (const auto& same : by_key) keys.push_back(same.key);
  auto existing = collection_->Find(keys);
  if (!existing) return existing.status();
  auto record_of = [&existing](const SameKey& same) {
    auto found = existing->find(same.key);
    return found == existing->end() ? nullptr : found->second.get();
  };
  std::vector<PlannedRow*> fresh;
  if (!later && collection_->creates_many()) {
    std::erase_if(by_key, [&](const SameKey& same) {
      bool creates =
          record_of(same) == nullptr && same.rows.size() == 1 && OnlyCreates(*same.rows.front());
      if (creates) fresh.push_back(same.rows.front());
      return creates;
    });
  }
  const size_t chunks = (fresh.size() + kChunkRows - 1) / kChunkRows;
  RunAll(chunks + by_key.size(), options_.in_flight, [&](size_t index) {
    if (index < chunks) {
      auto rest = std::span(fresh).subspan(index * kChunkRows);
      return CreateRows(rest.first(std::min(kChunkRows, rest.size())));
    }
    const SameKey& same = by_key[index - chunks];
    PutInOrder(same, record_of(same), later);
  });
  return Status::Ok();
}

}  // namespace crm::ctl
