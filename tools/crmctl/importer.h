// Importer: one CSV file into one collection, as a mapping says.
//
// Rows are taken in batches; within a batch lookups are made in bulk, rows whose records are new go
// together where the server can create many at once, and up to `in_flight` calls are made at a
// time, those for rows with the same key one after the other. Memory depends on the batch and not
// on the file (but for two bytes a row where the mapping has `later` fields).
//
// A row is created, updated, unchanged or rejected, and nothing else. Rejected: nothing of it was
// stored. Where a later step of a row is refused (a verb, a `later` field), the row stays created
// or updated, as its record is, and is counted as incomplete besides; so a dry run, which has no
// record to try later steps on, shows the same counts. A row that the server or the mapping refuses
// does not stop the others; what is no row's fault does, and the same run can then be started
// again: what is done is found, what was under way has the same request_id.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tools/crmctl/csv_reader.h"
#include "tools/crmctl/mapping.h"
#include "tools/crmctl/planned_row.h"
#include "tools/crmctl/references.h"
#include "tools/crmctl/remote.h"

namespace crm::ctl {

struct ImportOptions {
  // Writes nothing. A row that refers to records that do not exist yet because of that is checked
  // by the mapping alone.
  bool dry_run = false;
  size_t batch_rows = 500;
  size_t in_flight = 32;
};

struct ImportCounts {
  int64_t created = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t rejected = 0;
  // Of those created and updated.
  int64_t incomplete = 0;
  int64_t rows() const { return created + updated + unchanged + rejected; }
};

struct ImportCallbacks {
  std::function<void(const Rejection&)> rejected;
  // Behind each batch: bytes of the file that were read (twice where there are two passes).
  std::function<void(size_t bytes, int64_t rows)> progress;
};

// Not thread-safe. All arguments must outlive it.
class Importer {
 public:
  Importer(Remote& remote, References& references, const Mapping& mapping,
           const ImportOptions& options, ImportCallbacks callbacks);

  // Whether the server has all that the mapping names; also tells `references` what to keep.
  Status Open();
  // `open` gives the file from its beginning; it is called once for each pass.
  Result<ImportCounts> Run(const std::function<std::unique_ptr<std::istream>()>& open);
  bool needs_second_pass() const { return has_later_; }

 private:
  enum class RowOutcome : uint8_t { kUnchanged, kCreated, kUpdated, kRejected };
  struct RowFate {
    RowOutcome outcome = RowOutcome::kUnchanged;
    bool incomplete = false;
  };
  // The rows of one key in a batch, in their order.
  struct SameKey {
    std::string key;
    std::vector<PlannedRow*> rows{};
  };

  Status RunPass(std::istream& in, bool later);
  Result<Row::Columns> ReadHeader(CsvReader& reader) const;
  PlannedRow Plan(const Row& row, bool later) const;
  void PlanFields(const Row& row, bool later, PlannedRow& planned) const;
  Status PutBatch(std::vector<PlannedRow>& batch, bool later);
  Status Resolve(std::vector<PlannedRow>& batch);
  void Build(PlannedRow& row) const;
  Status PutRows(std::vector<PlannedRow>& batch, bool later);
  static std::vector<SameKey> ByKey(std::vector<PlannedRow>& batch);
  void PutInOrder(const SameKey& same, const google::protobuf::Message* existing, bool later) const;
  void PutRow(PlannedRow& row, const google::protobuf::Message* existing, bool later) const;
  // Whether a dry run has counted another row of that key as created.
  bool WasCounted(const PlannedRow& row) const;
  // Whether the row asks for nothing but a new record.
  bool OnlyCreates(const PlannedRow& row) const;
  void CreateRows(std::span<PlannedRow* const> rows) const;
  PutOptions OptionsFor(const std::string& rows) const;
  Status Count(const std::vector<PlannedRow>& batch, bool later);
  // What has become of the row by now.
  RowFate Settle(const PlannedRow& row, bool later);

  Remote& remote_;
  References& references_;
  const Mapping& mapping_;
  const ImportOptions options_;
  const ImportCallbacks callbacks_;
  bool has_later_ = false;
  const Collection* collection_ = nullptr;
  std::array<int64_t, 4> counts_{};
  int64_t incomplete_ = 0;
  // By row, only where there is a second pass.
  std::vector<RowFate> fates_;
};

}  // namespace crm::ctl
