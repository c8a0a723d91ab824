// Lists and aggregates: a filter, an order and a keyset position as one SELECT.
#include <algorithm>

#include "libs/command/pg_sql.h"
#include "libs/filter/required_texts.h"
#include "libs/filter/sql.h"
#include "libs/pg/to_param.h"

namespace crm {

namespace {

void Note(IndexedSelect& select, int since, const std::string& field) {
  if (since <= select.since) return;
  select.since = since;
  select.newest = field;
}

class Columns final : public filter::SqlColumns {
 public:
  // What is found is noted in `select`. `bound` as in filter::SqlIndex.
  Columns(const RecordType& type, IndexedSelect& select, std::string bound)
      : type_(type), select_(select), bound_(std::move(bound)) {}

  std::optional<filter::SqlColumn> Find(const filter::FieldPath& path) const override {
    filter::SqlColumn found;
    if (const Column* column = type_.FindColumn(path.text)) {
      found.kind = KindOf(column->kind);
      found.expression = "t." + column->name;
      Note(select_, column->since_revision, column->field_path);
      return found;
    }
    for (const auto& indexed : type_.indexed()) {
      bool below = path.text.size() > indexed.field_path.size() &&
                   path.text.starts_with(indexed.field_path) &&
                   path.text[indexed.field_path.size()] == '.';
      if (path.text != indexed.field_path && !below) continue;
      found.kind = filter::SqlColumn::Kind::kIndexed;
      found.index = {"custom_index", "t.tenant", "t.id", type_.table(), bound_};
      Note(select_, indexed.since_revision, indexed.field_path);
      return found;
    }
    return std::nullopt;
  }

  std::optional<std::string> Search(std::string_view placeholder) const override {
    if (type_.searchable().empty()) return std::nullopt;
    Note(select_, type_.searchable_since(), "search words");
    return "t.id IN (SELECT crm_search('" + type_.table() + "', " + std::string(placeholder) + "))";
  }

 private:
  static filter::SqlColumn::Kind KindOf(ColumnKind kind) {
    switch (kind) {
      case ColumnKind::kBool:
        return filter::SqlColumn::Kind::kBool;
      case ColumnKind::kInt:
        return filter::SqlColumn::Kind::kInt;
      case ColumnKind::kText:
        return filter::SqlColumn::Kind::kText;
      case ColumnKind::kTime:
        return filter::SqlColumn::Kind::kTime;
    }
    return filter::SqlColumn::Kind::kText;
  }

  const RecordType& type_;
  IndexedSelect& select_;
  const std::string bound_;
};

// A statement under construction: text with placeholders and their values.
struct Builder {
  IndexedSelect select;
  std::string where;
  std::vector<pg::Param> params;

  std::string Add(pg::Param value, const char* cast) {
    params.push_back(std::move(value));
    return "$" + std::to_string(params.size()) + "::" + cast;
  }
  const Column* Find(const RecordType& type, const std::string& path) {
    const Column* column = type.FindColumn(path);
    if (column != nullptr) Note(select, column->since_revision, path);
    return column;
  }
  IndexedSelect Take(std::string sql) {
    select.statement = {std::move(sql), std::move(params)};
    return std::move(select);
  }
  void And(const std::string& condition) {
    where += (where.empty() ? " WHERE " : " AND ") + condition;
  }

  Status AndFilter(const RecordType& type, const filter::CheckedFilter* filter, Time now,
                   std::string bound = "") {
    if (filter == nullptr || filter->matches_everything()) return Status::Ok();
    filter::SqlOptions options;
    options.first_placeholder = params.size() + 1;
    options.context.now = now;
    auto condition = filter::ToSql(*filter, Columns(type, select, std::move(bound)), options);
    if (!condition.ok()) return condition.status();
    And("(" + condition->text + ")");
    for (const auto& value : condition->params) params.push_back(pg::ToParam(value));
    return Status::Ok();
  }
};

// No term can be unset, and all have one direction: rows compare as a whole, which an index follows
// to the very row.
bool ComparesAsRow(const ListQuery& query) {
  return std::ranges::all_of(query.order, [&query](const OrderTerm& term) {
    return term.descending == query.TiesDescend() &&
           !query.type->FindColumn(term.field_path)->path.can_be_unset;
  });
}

// What lies behind query.after. Returns the placeholder of its id.
std::string AndAfterRow(const ListQuery& query, Builder& builder) {
  std::string row;
  std::string position;
  for (size_t i = 0; i < query.order.size(); ++i) {
    const Column& column = *query.type->FindColumn(query.order[i].field_path);
    row += "t." + column.name + ", ";
    position += builder.Add(pg::ToParam(query.after->values[i]), ColumnCast(column.kind)) + ", ";
  }
  std::string id = builder.Add(pg::Value(query.after->id), "uuid");
  builder.And("(" + row + "t.id)" + (query.TiesDescend() ? " < (" : " > (") + position + id + ")");
  return id;
}

// The first term alone bounds the index scan; PostgreSQL does not find that bound in the OR below
// by itself.
void AndBound(const ListQuery& query, Builder& builder) {
  const ColumnValue& first = query.after->values.front();
  const Column& column = *query.type->FindColumn(query.order.front().field_path);
  if (column.path.can_be_unset) return;  // NULLs lie behind the bound
  builder.And("t." + column.name + (query.order.front().descending ? " <= " : " >= ") +
              builder.Add(pg::ToParam(first), ColumnCast(column.kind)));
}

// The same where terms differ in direction or can be unset. NULLs come last in either direction, as
// "NULLS LAST" puts them.
std::string AndAfterEachTerm(const ListQuery& query, Builder& builder) {
  AndBound(query, builder);
  std::string any;
  std::string equal;
  auto alternative = [&](const std::string& condition) {
    any += (any.empty() ? "" : " OR ") + ("(" + equal + condition + ")");
  };
  for (size_t i = 0; i < query.order.size(); ++i) {
    const Column& column = *query.type->FindColumn(query.order[i].field_path);
    std::string name = "t." + column.name;
    const ColumnValue& value = query.after->values[i];
    if (value.index() == 0) {
      equal += name + " IS NULL AND ";
      continue;
    }
    std::string placeholder = builder.Add(pg::ToParam(value), ColumnCast(column.kind));
    alternative("(" + name + (query.order[i].descending ? " < " : " > ") + placeholder + " OR " +
                name + " IS NULL)");
    equal += name + " = " + placeholder + " AND ";
  }
  std::string id = builder.Add(pg::Value(query.after->id), "uuid");
  alternative("t.id" + std::string(query.TiesDescend() ? " < " : " > ") + id);
  builder.And("(" + any + ")");
  return id;
}

// What the list is taken from, as `t`: the table, or where the filter asks a unique field for some
// values, the row of each, looked up. Of one condition for all of them PostgreSQL thinks as of ten
// times as many (the policy of row-level security counts for ten tenants), and would rather go
// through the whole tenant; OFFSET keeps the two apart.
std::string RowsOf(const ListQuery& query, Builder& builder) {
  const std::string& table = query.type->table();
  auto asked = query.filter == nullptr ? std::nullopt : filter::RequiredTexts(*query.filter);
  bool unique = asked && query.tenant &&
                std::ranges::any_of(query.type->unique(), [&asked](const auto* field) {
                  return field->name() == asked->path;
                });
  if (!unique) return table + " t";
  std::string keys =
      builder.Add(pg::ToParam(std::vector(asked->texts.begin(), asked->texts.end())), "text[]");
  return "(SELECT r.* FROM unnest(" + keys + ") AS k, LATERAL (SELECT * FROM " + table +
         " r WHERE r.tenant = " + builder.Add(pg::Value(*query.tenant), "uuid") + " AND r." +
         query.type->FindColumn(asked->path)->name + " = k OFFSET 0) r) t";
}

}  // namespace

Result<IndexedSelect> SelectList(const ListQuery& query) {
  Builder builder;
  if (query.tenant) builder.And("t.tenant = " + builder.Add(pg::Value(*query.tenant), "uuid"));
  if (!query.show_deleted) builder.And("NOT t.deleted");
  std::string columns = "t.id, t.version, t.occurred_at, t.body, t.tenant";
  std::string order;
  for (const auto& term : query.order) {
    const Column* column = builder.Find(*query.type, term.field_path);
    if (column == nullptr) return Internal("no column for " + term.field_path);
    columns += ", t." + column->name;
    // NULLS LAST is ascending order's default; said only where it matters, so that an index fits.
    order += "t." + column->name + (term.descending ? " DESC" : "");
    order += (term.descending && column->path.can_be_unset ? " NULLS LAST, " : ", ");
  }
  std::string bound;
  if (query.after) {
    auto and_after = ComparesAsRow(query) ? AndAfterRow : AndAfterEachTerm;
    std::string id = and_after(query, builder);
    // A list in the order of ids goes on in custom_index where it goes on in the table. Said of
    // both, because PostgreSQL carries an equality from one to the other but no inequality, and
    // would read the index from its beginning for each page.
    if (query.order.empty()) bound = (query.TiesDescend() ? "< " : "> ") + id;
  }
  if (auto status = builder.AndFilter(*query.type, query.filter, query.now, std::move(bound));
      !status.ok()) {
    return status;
  }
  // In the text: of a limit that is a parameter PostgreSQL thinks as of a tenth of all rows, and so
  // never prefers a plan that it need not make anew for each call.
  std::string limit = std::to_string(query.limit);
  std::string rows = RowsOf(query, builder);
  return builder.Take("SELECT " + columns + " FROM " + rows + builder.where + " ORDER BY " + order +
                      "t.id" + (query.TiesDescend() ? " DESC" : "") + " LIMIT " + limit);
}

Result<IndexedSelect> SelectAggregate(const AggregateQuery& query) {
  Builder builder;
  builder.And("t.tenant = " + builder.Add(pg::Value(query.tenant), "uuid"));
  builder.And("NOT t.deleted");
  if (auto status = builder.AndFilter(*query.type, query.filter, query.now); !status.ok())
    return status;
  std::string group;
  for (const auto& path : query.group_by) {
    const Column* column = builder.Find(*query.type, path);
    if (column == nullptr) return Internal("no column for " + path);
    group += (group.empty() ? "t." : ", t.") + column->name;
  }
  std::string sum = "0::bigint";
  if (!query.sum.empty()) {
    const Column* column = builder.Find(*query.type, query.sum);
    if (column == nullptr || column->kind != ColumnKind::kInt)
      return Internal("no sum of " + query.sum);
    sum = "coalesce(sum(t." + column->name + "), 0)";
  }
  std::string select = group.empty() ? "" : group + ", ";
  std::string tail =
      group.empty() ? " HAVING count(*) > 0" : " GROUP BY " + group + " ORDER BY " + group;
  return builder.Take("SELECT " + select + "count(*), " + sum + " FROM " + query.type->table() +
                      " t" + builder.where + tail);
}

// The revision stands in the text, because the partial index is found by a constant only.
pg::Statement SelectOutdated(const RecordType& type, size_t limit) {
  return {"SELECT t.id, t.version, t.occurred_at, t.body, t.tenant FROM " + type.table() +
              " t WHERE t.index_revision < " + std::to_string(type.index_revision()) +
              " LIMIT $1::bigint",
          {pg::Value(static_cast<int64_t>(limit))}};
}

pg::Statement SelectIsOutdated(const RecordType& type, const std::optional<Uuid>& tenant,
                               int since) {
  Builder builder;
  if (tenant) builder.And("t.tenant = " + builder.Add(pg::Value(*tenant), "uuid"));
  builder.And("t.index_revision < " + std::to_string(since));
  return {"SELECT EXISTS (SELECT FROM " + type.table() + " t" + builder.where + ")",
          std::move(builder.params)};
}

}  // namespace crm
