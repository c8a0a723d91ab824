// The statements of PgStore. All SQL that the kernel makes from record types is here.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/command/store.h"
#include "libs/pg/database.h"

namespace crm {

// Columns: tenant, id, version.
pg::Statement SelectVersions(const RecordType& type, const std::set<std::pair<Uuid, Uuid>>& names);

// Upserts, deletions and index rows of all writes, one statement a table and kind.
std::vector<pg::Statement> WriteRecords(const std::vector<const RecordWrite*>& writes);

// Takes the next numbers from log_head and inserts the rows of all sets in their order. Columns:
// seq, recorded_at, event_id.
pg::Statement InsertLog(const std::vector<const WriteSet*>& sets);
// The same columns of rows that may be there already.
pg::Statement SelectNumbers(const std::vector<const WriteSet*>& sets);
// Of the i-th row inserted.
LogNumber NumberOf(const pg::Rows& rows, size_t index);

// Columns: the key's index, id, version, occurred_at, body. At least one key, all of one type.
pg::Statement SelectEach(std::span<const RecordKey> keys);
// A list or an aggregate, and the newest index that its filter and order rest on.
struct IndexedSelect {
  pg::Statement statement;
  // Rows of an index_revision below `since` do not have it; 0: all rows have.
  int since = 0;
  std::string newest;  // its field
};

// Columns: id, version, occurred_at, body, tenant, then the order's columns. In pg_list.cpp, as are
// the next two.
Result<IndexedSelect> SelectList(const ListQuery& query);
// Columns: group_by..., count, sum.
Result<IndexedSelect> SelectAggregate(const AggregateQuery& query);
// Rows of an older index_revision than their type's, deleted ones too. Columns as SelectList's.
pg::Statement SelectOutdated(const RecordType& type, size_t limit);
// One bool: whether the tenant has rows of a revision below `since`.
pg::Statement SelectIsOutdated(const RecordType& type, const std::optional<Uuid>& tenant,
                               int since);

// Columns as ReadLogRow expects them.
pg::Statement SelectLog(const LogQuery& query);
pg::Statement SelectLogRowAt(const RecordKey& key, Timeline timeline, Time time);
pg::Statement SelectLogRowsAt(const RecordType& type, const Uuid& tenant, Timeline timeline,
                              Time time, const Uuid& after, size_t limit);
kernel::v1::LogRow ReadLogRow(const pg::Rows& rows, size_t row);

// The SQL type to cast a column's value to.
const char* ColumnCast(ColumnKind kind);

// The value of a column of a list or aggregate, by its kind.
ColumnValue ReadColumn(const pg::Rows& rows, size_t row, size_t column, ColumnKind kind);

}  // namespace crm
