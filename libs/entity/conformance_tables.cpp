// The table behind the records: what the migration made against what the descriptor says.
#include "libs/command/record_codec.h"
#include "libs/entity/conformance_host.h"

namespace crm::entity {

namespace {

bool Always(const ConformanceHost&) {
  return true;
}
bool CanUpdate(const ConformanceHost& host) {
  return host.Method("Update") != nullptr && host.FreeFields().size() > 0;
}

const char* TypeOf(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBool:
      return "boolean";
    case ColumnKind::kInt:
      return "bigint";
    case ColumnKind::kText:
      return "text COLLATE \"C\"";
    case ColumnKind::kTime:
      return "timestamp with time zone";
  }
  return "";
}

void HasTheColumnsOfItsDescriptor(ConformanceHost& host) {
  auto rows = host.schema()->Execute(
      "SELECT column_name::text, data_type::text || coalesce(' COLLATE \"' || collation_name || "
      "'\"', '') FROM information_schema.columns "
      "WHERE table_schema = $1::text AND table_name = $2::text",
      {pg::Value(host.schema()->name()), pg::Value(host.type().table())});
  std::map<std::string, std::string> found;
  for (size_t row = 0; row < rows.size(); ++row)
    found[rows.GetString(row, 0)] = rows.GetString(row, 1);
  std::map<std::string, std::string> expected = {
      {"tenant", "uuid"},     {"id", "uuid"},
      {"version", "bigint"},  {"index_revision", "integer"},
      {"deleted", "boolean"}, {"occurred_at", "timestamp with time zone"},
      {"body", "bytea"}};
  for (const auto& column : host.type().columns()) expected[column.name] = TypeOf(column.kind);
  if (!host.type().searchable().empty()) {
    ASSERT_TRUE(found.contains("search_text")) << "migrations: searchable fields need it";
    EXPECT_TRUE(found["search_text"].starts_with("text")) << found["search_text"];
    found.erase("search_text");
  }
  const std::string table = host.type().table();
  for (const auto& [column, type] : expected) {
    EXPECT_EQ(found[column], type) << "migrations: " << table << "." << column << " must be "
                                   << type << "; filterable and sortable fields have a column";
  }
  for (const auto& [column, type] : found) {
    EXPECT_TRUE(expected.contains(column))
        << "migrations: no filterable or sortable field has the column " << table << "." << column;
  }
}

bool IsRevised(const ConformanceHost& host) {
  return host.type().index_revision() > 0;
}

void FindsRowsOfAnOlderIndexRevision(ConformanceHost& host) {
  auto index = host.schema()->Execute(
      "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indrelid = $1::text::regclass AND "
      "indpred IS NOT NULL",
      {pg::Value(host.type().table())});
  ASSERT_EQ(index.size(), 1u) << "the migration lacks: SELECT crm_raise_revision('"
                              << host.type().table() << "', " << host.type().index_revision()
                              << ");";
  EXPECT_EQ(index.GetString(0, 0),
            "(index_revision < " + std::to_string(host.type().index_revision()) + ")");
}

bool HasUniqueFields(const ConformanceHost& host) {
  return std::ranges::any_of(host.type().unique(), [&host](const auto* field) {
    return host.type().FindColumn(field->name()) != nullptr;
  });
}

// Imports and look-ups ask by them, and lists count on it (RowsOf in pg_list.cpp).
void FindsUniqueValuesByIndex(ConformanceHost& host) {
  for (const auto* field : host.type().unique()) {
    const Column* column = host.type().FindColumn(field->name());
    if (column == nullptr) continue;
    auto indexes = host.schema()->Execute(
        "SELECT count(*) FROM pg_index i WHERE i.indrelid = $1::text::regclass AND "
        "(SELECT array_agg(attname::text ORDER BY k) FROM generate_series(0, 1) AS k JOIN "
        "pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]) = "
        "ARRAY['tenant', $2::text]",
        {pg::Value(host.type().table()), pg::Value(column->name)});
    EXPECT_GE(indexes.GetInt(0, 0), 1) << "migrations: CREATE INDEX ON " << host.type().table()
                                       << " (tenant, " << column->name << ")";
  }
}

void KeepsTenantsApartByRowSecurity(ConformanceHost& host) {
  auto table = host.schema()->Execute(
      "SELECT relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid "
      "= c.oid) "
      "FROM pg_class c WHERE oid = $1::text::regclass",
      {pg::Value(host.type().table())});
  ASSERT_EQ(table.size(), 1u);
  EXPECT_TRUE(table.GetBool(0, 0)) << "row-level security is off";
  EXPECT_TRUE(table.GetBool(0, 1)) << "row-level security is not forced";
  EXPECT_GE(table.GetInt(0, 2), 1);
  // Uniqueness is the claims' business; a second unique index would fail whole groups.
  auto unique = host.schema()->Execute(
      "SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM pg_index i, unnest(i.indkey::int[]) "
      "WITH ORDINALITY AS k(n_att, n) "
      "JOIN pg_attribute a ON a.attnum = k.n_att WHERE i.indrelid = $1::text::regclass AND "
      "a.attrelid = i.indrelid "
      "AND i.indisunique GROUP BY i.indexrelid",
      {pg::Value(host.type().table())});
  ASSERT_EQ(unique.size(), 1u) << "the primary key is the only unique index";
  EXPECT_EQ(unique.GetString(0, 0), "tenant,id");
}

std::string Text(const ColumnValue& value) {
  if (value.index() == 0) return "null";
  if (const auto* text = std::get_if<std::string>(&value)) return "=" + *text;
  if (const auto* number = std::get_if<int64_t>(&value)) return "=" + std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "=true" : "=false";
  return "=" + std::to_string(std::get<Time>(value).time_since_epoch().count());
}

void ExpectIndexed(ConformanceHost& host, const std::string& name) {
  const RecordType& type = host.type();
  RecordKey key{&type, host.calls().tenant(), *type.ParseName(name)};
  auto stored = host.calls().store().Get(key, {});
  ASSERT_TRUE(stored.ok() && *stored);
  auto record = type.NewMessage();
  ASSERT_TRUE(DecodeRecord((*stored)->body, *record).ok());
  RecordWrite expected = MakeRecordWrite(key, (*stored)->version, *record);
  std::vector<pg::Param> row_of = {pg::Value(key.tenant), pg::Value(key.id)};
  for (size_t i = 0; i < type.columns().size(); ++i) {
    const Column& column = type.columns()[i];
    std::string quoted = '"' + column.name + '"';
    std::string expression = column.kind == ColumnKind::kTime
                                 ? "(extract(epoch FROM " + quoted + ") * 1000000)::bigint"
                                 : quoted;
    auto cell =
        host.schema()->Execute("SELECT coalesce('=' || (" + expression + ")::text, 'null') FROM " +
                                   type.table() + " WHERE tenant = $1::uuid AND id = $2::uuid",
                               row_of);
    EXPECT_EQ(cell.GetString(0, 0), Text(expected.columns[i])) << column.name;
  }
  auto rows = host.schema()->Execute(
      "SELECT field || '=' || value FROM custom_index WHERE tenant = $1::uuid AND id = $2::uuid "
      "AND entity = $3::text",
      {row_of[0], row_of[1], pg::Value(type.table())});
  std::set<std::string> found, wanted;
  for (size_t row = 0; row < rows.size(); ++row) found.insert(rows.GetString(row, 0));
  for (const auto& row : expected.index) wanted.insert(row.field + "=" + row.value);
  EXPECT_EQ(found, wanted);
  if (type.searchable().empty()) return;
  auto text = host.schema()->Execute(
      "SELECT search_text FROM " + type.table() + " WHERE tenant = $1::uuid AND id = $2::uuid",
      row_of);
  EXPECT_EQ(text.GetString(0, 0), expected.search_text);
}

void ColumnsAreAnIndexOfTheBody(ConformanceHost& host) {
  for (int salt : {1, 2, 3, 4}) {
    std::string name = host.NameOf(*host.Created(salt));
    ExpectIndexed(host, name);
    MessagePtr sent = host.Example(salt + 10);
    SetField(*sent, "name", name);
    std::vector<std::string> mask;
    for (const auto* field : host.FreeFields()) mask.push_back(field->name());
    auto updated = host.Update(*sent, mask);
    ASSERT_TRUE(updated.ok()) << updated.status().ToString();
    ExpectIndexed(host, name);
  }
}

}  // namespace

const std::vector<ConformanceCheck>& TableChecks() {
  static const std::vector<ConformanceCheck> checks = {
      {"HasTheColumnsOfItsDescriptor", HasTheColumnsOfItsDescriptor, Always, false},
      {"FindsRowsOfAnOlderIndexRevision", FindsRowsOfAnOlderIndexRevision, IsRevised, false},
      {"FindsUniqueValuesByIndex", FindsUniqueValuesByIndex, HasUniqueFields, false},
      {"KeepsTenantsApartByRowSecurity", KeepsTenantsApartByRowSecurity, Always, false},
      {"ColumnsAreAnIndexOfTheBody", ColumnsAreAnIndexOfTheBody, CanUpdate, false},
  };
  return checks;
}

}  // namespace crm::entity
