// WriteSet: all that one call wants to be true after its commit, and all that it was decided on. A
// plain value: it can be looked at (preview, dry run), compared, and applied to any Store.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "crm/kernel/v1/log.pb.h"
#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/command/record_type.h"
#include "libs/filter/sql_value.h"

namespace crm {

// Identity of a record in one service's store.
struct RecordKey {
  const RecordType* type = nullptr;
  Uuid tenant;
  Uuid id;

  bool operator==(const RecordKey&) const = default;
  // By table name, not by address, so that every process sorts alike.
  std::strong_ordering operator<=>(const RecordKey& other) const;
  std::string name() const { return type->Name(id); }
};

struct RecordKeyHash {
  size_t operator()(const RecordKey& key) const;
};

// The value of one typed column; monostate is NULL.
using ColumnValue = std::variant<std::monostate, bool, int64_t, std::string, Time>;

// "This record had this version when the call was decided" (0: there was none).
struct Check {
  RecordKey key;
  int64_t version = 0;
  // The pending set whose version that is; 0: it is committed. Where that set drops out the check
  // fails, although another replica may have made a version of the same number.
  uint64_t based_on = 0;
};

// A record's state after the commit; one per record and set, however often the call stored it.
struct RecordWrite {
  RecordKey key;
  // 0: the record is erased (kernel records and projections only).
  int64_t version = 0;
  std::string body;
  // In the order of the type's columns().
  std::vector<ColumnValue> columns;
  // Rows of custom_index.
  std::vector<filter::IndexRow> index;
  // Normalised text of the searchable fields.
  std::string search_text;
  bool deleted = false;
  // Business time of the last change.
  Time occurred{};
  // Nothing was ever stored under its name; false also where that is not known.
  bool is_new = false;
  // False: no later call will want it (an idempotency key).
  bool wanted_again = true;
};

struct WriteSet {
  // Given by the committer; 0 before.
  uint64_t id = 0;
  Uuid tenant;
  std::vector<Check> checks;
  std::vector<RecordWrite> records;
  // Without seq and recorded_time, which the commit gives. In the order in which the call stored.
  std::vector<kernel::v1::LogRow> log;

  // Nothing to store: the commit only verifies the checks.
  bool verify_only() const { return records.empty() && log.empty(); }
  // About how much it costs to commit, for bounding groups.
  size_t bytes() const;
};

// The values of the type's columns() in that order: what a record is listed and ordered by.
std::vector<ColumnValue> ColumnsOf(const RecordType& type,
                                   const google::protobuf::Message& message);

// The first check that is based on one of these sets; nullptr where none is.
const Check* FindBasedOn(const WriteSet& set, const std::set<uint64_t>& dropped);

// Fills columns, index rows, search text, body and `deleted` of a write from the message: columns
// are an index of the body.
RecordWrite MakeRecordWrite(const RecordKey& key, int64_t version,
                            const google::protobuf::Message& message);

}  // namespace crm
