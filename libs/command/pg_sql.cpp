#include "libs/command/pg_sql.h"

#include <algorithm>

#include "libs/base/planted_bug.h"
#include "libs/command/log_row.h"
#include "libs/command/record_type.h"
#include "libs/command/timestamps.h"

namespace crm {

namespace {

std::string Placeholder(std::vector<pg::Param>& params, pg::Param value, const char* cast) {
  params.push_back(std::move(value));
  return "$" + std::to_string(params.size()) + "::" + cast;
}

const char* SqlType(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBool:
      return "bool";
    case ColumnKind::kInt:
      return "bigint";
    case ColumnKind::kText:
      return "text";
    case ColumnKind::kTime:
      return "timestamptz";
  }
  return "text";
}

template <class T>
std::optional<T> Cell(const RecordWrite& write, size_t column) {
  const T* value = std::get_if<T>(&write.columns[column]);
  return value == nullptr ? std::nullopt : std::optional<T>(*value);
}

template <class T>
pg::Array ColumnArray(const std::vector<const RecordWrite*>& writes, size_t column) {
  std::vector<std::optional<T>> values;
  for (const auto* write : writes) values.push_back(Cell<T>(*write, column));
  return values;
}

pg::Array ColumnArray(const std::vector<const RecordWrite*>& writes, size_t column,
                      ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBool:
      return ColumnArray<bool>(writes, column);
    case ColumnKind::kInt:
      return ColumnArray<int64_t>(writes, column);
    case ColumnKind::kText:
      return ColumnArray<std::string>(writes, column);
    case ColumnKind::kTime:
      return ColumnArray<Time>(writes, column);
  }
  return {};
}

// Builds an array parameter from one value a row.
template <class T, class Row, class Read>
pg::Param Collect(const std::vector<Row>& rows, Read read) {
  std::vector<std::optional<T>> values;
  values.reserve(rows.size());
  for (const auto& row : rows) values.push_back(read(row));
  return pg::Array(std::move(values));
}

// Columns of an upsert: names for the INSERT, casts for unnest, assignments for the conflict.
struct Upsert {
  std::string names, arrays, assignments;
  std::vector<pg::Param> params;

  void Add(const std::string& name, const std::string& type, pg::Param values, bool key = false) {
    params.push_back(std::move(values));
    std::string comma = names.empty() ? "" : ", ";
    names += comma + name;
    arrays += comma + "$" + std::to_string(params.size()) + "::" + type + "[]";
    if (!key) assignments += (assignments.empty() ? "" : ", ") + name + " = excluded." + name;
  }
};

pg::Statement UpsertRecords(const RecordType& type, const std::vector<const RecordWrite*>& writes) {
  Upsert upsert;
  using Row = const RecordWrite*;
  upsert.Add("tenant", "uuid", Collect<Uuid>(writes, [](Row row) { return row->key.tenant; }),
             true);
  upsert.Add("id", "uuid", Collect<Uuid>(writes, [](Row row) { return row->key.id; }), true);
  upsert.Add("version", "bigint", Collect<int64_t>(writes, [](Row row) { return row->version; }));
  upsert.Add("index_revision", "int", Collect<int64_t>(writes, [&](Row) {
               return static_cast<int64_t>(type.index_revision());
             }));
  upsert.Add("deleted", "bool", Collect<bool>(writes, [](Row row) { return row->deleted; }));
  upsert.Add("occurred_at", "timestamptz",
             Collect<Time>(writes, [](Row row) { return row->occurred; }));
  upsert.Add("body", "bytea",
             Collect<pg::Bytes>(writes, [](Row row) { return pg::Bytes{row->body}; }));
  if (!type.searchable().empty()) {
    upsert.Add("search_text", "text",
               Collect<std::string>(writes, [](Row row) { return row->search_text; }));
  }
  for (size_t i = 0; i < type.columns().size(); ++i) {
    const Column& column = type.columns()[i];
    // Quoted, because a field may have a reserved word as its name ("user").
    upsert.Add('"' + column.name + '"', SqlType(column.kind), ColumnArray(writes, i, column.kind));
  }
  return {"INSERT INTO " + type.table() + " (" + upsert.names + ") SELECT * FROM unnest(" +
              upsert.arrays + ") ON CONFLICT (tenant, id) DO UPDATE SET " + upsert.assignments,
          std::move(upsert.params)};
}

// A statement for each, because where all of the key is compared for equality it is looked up. Of a
// list of ids, or a join with one, the planner may make a scan of the whole tenant. (While a table
// is nearly empty it may do so anyway; see table_growth.h.)
void DeleteRecords(const RecordType& type, const std::vector<const RecordWrite*>& writes,
                   std::vector<pg::Statement>& statements) {
  for (const auto* write : writes) {
    statements.push_back(
        {"DELETE FROM " + type.table() + " WHERE tenant = $1::uuid AND id = $2::uuid",
         {pg::Value(write->key.tenant), pg::Value(write->key.id)}});
  }
}

// The index rows of the given records are replaced: theirs go, the new ones come.
void ReplaceIndexRows(const RecordType& type, const std::vector<const RecordWrite*>& writes,
                      std::vector<pg::Statement>& statements) {
  using Row = const RecordWrite*;
  for (Row write : writes) {
    // A projection may have been erased in the same group.
    if (write->is_new && !write->key.type->projection()) continue;
    statements.push_back(
        {"DELETE FROM custom_index WHERE tenant = $1::uuid AND entity = $2::text "
         "AND id = $3::uuid",
         {pg::Value(write->key.tenant), pg::Value(type.table()), pg::Value(write->key.id)}});
  }
  std::vector<std::pair<Row, const filter::IndexRow*>> rows;
  for (Row write : writes) {
    for (const auto& row : write->index) rows.emplace_back(write, &row);
  }
  if (rows.empty()) return;
  using Pair = std::pair<Row, const filter::IndexRow*>;
  statements.push_back(
      {"INSERT INTO custom_index (tenant, entity, field, value, id) SELECT t, $5::text, f, v, i "
       "FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS x(t, f, v, i)",
       {Collect<Uuid>(rows, [](const Pair& row) { return row.first->key.tenant; }),
        Collect<std::string>(rows, [](const Pair& row) { return row.second->field; }),
        Collect<std::string>(rows, [](const Pair& row) { return row.second->value; }),
        Collect<Uuid>(rows, [](const Pair& row) { return row.first->key.id; }),
        pg::Value(type.table())}});
}

// "leads/0190..." -> ("leads", id); the log's own rows are well-formed.
std::string CollectionOf(const std::string& subject) {
  return subject.substr(0, subject.find('/'));
}

Uuid IdOf(const std::string& subject) {
  return Uuid::Parse(std::string_view(subject).substr(subject.find('/') + 1)).value_or(Uuid{});
}

std::vector<const kernel::v1::LogRow*> RowsOf(const std::vector<const WriteSet*>& sets) {
  std::vector<const kernel::v1::LogRow*> rows;
  for (const auto* set : sets) {
    for (const auto& row : set->log) rows.push_back(&row);
  }
  return rows;
}

Time OccurredOf(const kernel::v1::LogRow& row) {
  return ToTime(row.occurred_time());
}

constexpr const char* kLogColumns =
    "seq, tenant, collection, id, version, event_id, type, payload_type, body, actor, correlation, "
    "causation, run, traceparent, origin, occurred_at, recorded_at";

}  // namespace

pg::Statement SelectVersions(const RecordType& type, const std::set<std::pair<Uuid, Uuid>>& names) {
  std::vector<std::optional<Uuid>> tenants;
  std::vector<std::optional<Uuid>> ids;
  for (const auto& [tenant, id] : names) {
    tenants.push_back(tenant);
    ids.push_back(id);
  }
  // The limit keeps it a look-up by key for each name: as a plain join, planned while the table was
  // small, it read and hashed all rows of the tenants, and every commit became slower than the
  // last.
  return {
      "SELECT x.tenant, x.id, t.version FROM unnest($1::uuid[], $2::uuid[]) AS x(tenant, id) "
      "CROSS JOIN LATERAL (SELECT version FROM " +
          type.table() + " WHERE tenant = x.tenant AND id = x.id LIMIT 1) t",
      {pg::Array(std::move(tenants)), pg::Array(std::move(ids))}};
}

pg::Statement SelectEach(std::span<const RecordKey> keys) {
  std::string from = " FROM " + keys.front().type->table();
  if (keys.size() == 1) {
    return {"SELECT 0::bigint, id, version, occurred_at, body" + from +
                " WHERE tenant = $1::uuid AND id = $2::uuid",
            {pg::Value(keys.front().tenant), pg::Value(keys.front().id)}};
  }
  std::vector<std::optional<Uuid>> tenants;
  std::vector<std::optional<Uuid>> ids;
  for (const RecordKey& key : keys) {
    tenants.push_back(key.tenant);
    ids.push_back(key.id);
  }
  return {
      "SELECT x.n - 1, t.* FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS x(tenant, id, n) "
      "CROSS JOIN LATERAL (SELECT id, version, occurred_at, body" +
          from + " WHERE tenant = x.tenant AND id = x.id LIMIT 1) t",
      {pg::Array(std::move(tenants)), pg::Array(std::move(ids))}};
}

std::vector<pg::Statement> WriteRecords(const std::vector<const RecordWrite*>& writes) {
  std::map<std::string, std::pair<std::vector<const RecordWrite*>, std::vector<const RecordWrite*>>>
      tables;
  for (const auto* write : writes) {
    auto& [stored, erased] = tables[write->key.type->table()];
    (write->version == 0 ? erased : stored).push_back(write);
  }
  std::vector<pg::Statement> statements;
  for (auto& [table, rows] : tables) {
    auto& [stored, erased] = rows;
    const RecordType& type = *(stored.empty() ? erased : stored).front()->key.type;
    if (!stored.empty()) statements.push_back(UpsertRecords(type, stored));
    if (!erased.empty()) DeleteRecords(type, erased, statements);
    if (type.indexed().empty()) continue;
    stored.insert(stored.end(), erased.begin(), erased.end());
    ReplaceIndexRows(type, stored, statements);
  }
  return statements;
}

pg::Statement InsertLog(const std::vector<const WriteSet*>& sets) {
  auto rows = RowsOf(sets);
  using Row = const kernel::v1::LogRow*;
  std::vector<pg::Param> params;
  params.push_back(pg::Value(static_cast<int64_t>(rows.size())));
  params.push_back(Collect<Uuid>(rows, [](Row row) { return TenantOf(*row); }));
  params.push_back(
      Collect<std::string>(rows, [](Row row) { return CollectionOf(row->subject()); }));
  params.push_back(Collect<Uuid>(rows, [](Row row) { return IdOf(row->subject()); }));
  params.push_back(Collect<int64_t>(rows, [](Row row) { return row->version(); }));
  params.push_back(Collect<Uuid>(rows, [](Row row) { return Uuid::Parse(row->event_id()); }));
  params.push_back(Collect<std::string>(rows, [](Row row) { return row->type(); }));
  params.push_back(Collect<std::string>(rows, [](Row row) { return row->payload_type(); }));
  params.push_back(Collect<pg::Bytes>(rows, [](Row row) { return pg::Bytes{row->body()}; }));
  params.push_back(Collect<std::string>(rows, [](Row row) { return row->actor(); }));
  params.push_back(Collect<std::string>(rows, [](Row row) { return row->correlation(); }));
  params.push_back(Collect<std::string>(rows, [](Row row) { return row->causation(); }));
  params.push_back(Collect<std::string>(rows, [](Row row) { return row->run(); }));
  params.push_back(Collect<std::string>(rows, [](Row row) { return row->traceparent(); }));
  params.push_back(Collect<std::string>(rows, [](Row row) { return row->origin(); }));
  params.push_back(Collect<Time>(rows, [](Row row) { return OccurredOf(*row); }));
  // The row lock on log_head is held until the commit: numbers become visible in their order. The
  // group's rows are a microsecond apart, and the head's time is that of its last.
  std::string head =
      "UPDATE log_head SET seq = seq + $1::bigint, "
      "recorded_at = greatest(clock_timestamp(), recorded_at) + $1::bigint * interval '1 "
      "microsecond' "
      "RETURNING seq - $1::bigint AS seq, recorded_at - $1::bigint * interval '1 microsecond' AS "
      "at";
  std::string number = "head.seq + x.n";
  if (PlantedBug("numbers_from_sequence")) {
    head = "SELECT $1::bigint, clock_timestamp() AS at";
    number = "nextval('log_numbers')";
  }
  return {
      "WITH head AS (" + head + ") INSERT INTO log (" + std::string(kLogColumns) + ") SELECT " +
          number +
          ", x.tenant, x.collection, x.id, x.version, x.event_id, x.type, "
          "x.payload_type, x.body, x.actor, x.correlation, x.causation, x.run, x.traceparent, "
          "x.origin, x.occurred_at, head.at + x.n * interval '1 microsecond' "
          "FROM head, unnest($2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::uuid[], "
          "$7::text[], $8::text[], $9::bytea[], $10::text[], $11::text[], $12::text[], "
          "$13::text[], "
          "$14::text[], $15::text[], $16::timestamptz[]) WITH ORDINALITY AS x(tenant, collection, "
          "id, version, event_id, type, payload_type, body, actor, correlation, causation, run, "
          "traceparent, origin, occurred_at, n) ORDER BY x.n RETURNING seq, recorded_at",
      std::move(params)};
}

pg::Statement SelectNumbers(const std::vector<const WriteSet*>& sets) {
  auto rows = RowsOf(sets);
  return {
      "SELECT l.seq, l.recorded_at FROM unnest($1::uuid[]) WITH ORDINALITY AS x(event_id, n) "
      "CROSS JOIN LATERAL (SELECT seq, recorded_at FROM log WHERE event_id = x.event_id LIMIT 1) l "
      "ORDER BY x.n",
      {Collect<Uuid>(rows,
                     [](const kernel::v1::LogRow* row) { return Uuid::Parse(row->event_id()); })}};
}

LogNumber NumberOf(const pg::Rows& rows, size_t index) {
  return {rows.GetInt(index, 0), rows.GetTime(index, 1)};
}

pg::Statement SelectLog(const LogQuery& query) {
  std::vector<pg::Param> params;
  std::string where = "seq > " + Placeholder(params, pg::Value(query.after_seq), "bigint");
  auto equals = [&](const char* column, const std::string& value) {
    if (value.empty()) return;
    where += std::string(" AND ") + column + " = " + Placeholder(params, pg::Value(value), "text");
  };
  if (query.tenant)
    where += " AND tenant = " + Placeholder(params, pg::Value(*query.tenant), "uuid");
  equals("collection", query.collection);
  if (!query.subject.empty()) {
    equals("collection", CollectionOf(query.subject));
    where += " AND id = " + Placeholder(params, pg::Value(IdOf(query.subject)), "uuid");
  }
  if (!query.event_id.empty()) {
    where += " AND event_id = " +
             Placeholder(params, pg::Value(Uuid::Parse(query.event_id).value_or(Uuid{})), "uuid");
  }
  equals("correlation", query.correlation);
  equals("causation", query.causation);
  equals("run", query.run);
  equals("actor", query.actor);
  if (query.recorded_until) {
    where += " AND recorded_at <= " +
             Placeholder(params, pg::Value(*query.recorded_until), "timestamptz");
  }
  std::string limit = Placeholder(params, pg::Value(static_cast<int64_t>(query.limit)), "bigint");
  return {"SELECT " + std::string(kLogColumns) + " FROM log WHERE " + where +
              " ORDER BY seq LIMIT " + limit,
          std::move(params)};
}

pg::Statement SelectLogRowAt(const RecordKey& key, Timeline timeline, Time time) {
  std::string moment = timeline == Timeline::kRecorded ? "recorded_at" : "occurred_at";
  return {"SELECT " + std::string(kLogColumns) +
              " FROM log WHERE tenant = $1::uuid AND collection = $2::text AND id = $3::uuid AND " +
              moment + " <= $4::timestamptz ORDER BY version DESC LIMIT 1",
          {pg::Value(key.tenant), pg::Value(key.type->collection()), pg::Value(key.id),
           pg::Value(time)}};
}

pg::Statement SelectLogRowsAt(const RecordType& type, const Uuid& tenant, Timeline timeline,
                              Time time, const Uuid& after, size_t limit) {
  std::string moment = timeline == Timeline::kRecorded ? "recorded_at" : "occurred_at";
  return {"SELECT DISTINCT ON (id) " + std::string(kLogColumns) +
              " FROM log WHERE tenant = $1::uuid AND collection = $2::text AND id > $3::uuid AND " +
              moment + " <= $4::timestamptz ORDER BY id, version DESC LIMIT $5::bigint",
          {pg::Value(tenant), pg::Value(type.collection()), pg::Value(after), pg::Value(time),
           pg::Value(static_cast<int64_t>(limit))}};
}

kernel::v1::LogRow ReadLogRow(const pg::Rows& rows, size_t row) {
  kernel::v1::LogRow log;
  log.set_seq(rows.GetInt(row, 0));
  Uuid tenant = rows.GetUuid(row, 1);
  log.set_tenant(tenant.bytes.data(), tenant.bytes.size());
  log.set_subject(rows.GetString(row, 2) + "/" + rows.GetUuid(row, 3).ToString());
  log.set_version(rows.GetInt(row, 4));
  log.set_event_id(rows.GetUuid(row, 5).ToString());
  log.set_type(rows.GetString(row, 6));
  log.set_payload_type(rows.GetString(row, 7));
  log.set_body(rows.GetString(row, 8));
  log.set_actor(rows.GetString(row, 9));
  log.set_correlation(rows.GetString(row, 10));
  log.set_causation(rows.GetString(row, 11));
  log.set_run(rows.GetString(row, 12));
  log.set_traceparent(rows.GetString(row, 13));
  log.set_origin(rows.GetString(row, 14));
  *log.mutable_occurred_time() = ToTimestamp(rows.GetTime(row, 15));
  *log.mutable_recorded_time() = ToTimestamp(rows.GetTime(row, 16));
  return log;
}

ColumnValue ReadColumn(const pg::Rows& rows, size_t row, size_t column, ColumnKind kind) {
  if (rows.IsNull(row, column)) return {};
  switch (kind) {
    case ColumnKind::kBool:
      return rows.GetBool(row, column);
    case ColumnKind::kInt:
      return rows.GetInt(row, column);
    case ColumnKind::kText:
      return rows.GetString(row, column);
    case ColumnKind::kTime:
      return rows.GetTime(row, column);
  }
  return {};
}
const char* ColumnCast(ColumnKind kind) {
  return SqlType(kind);
}

}  // namespace crm
