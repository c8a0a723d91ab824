// Translation to a PostgreSQL condition.
//
// Row-level security lets only leakproof operators use an index, so equality and order are `=`,
// `<>`, `<`, ... on typed columns and a prefix ("abc*") is a range; other wildcards are LIKE, which
// filters but finds nothing by index. Every value is a parameter with a cast ($3::bigint).
// Conditions on repeated fields and maps are EXISTS over the column's SqlIndex, one for all that OR
// joins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/filter/checked_filter.h"
#include "libs/filter/sql_value.h"

namespace crm::filter {

// What the SQL side knows of a table. Called while a filter is translated only.
class SqlColumns {
 public:
  virtual ~SqlColumns() = default;
  // Where the path's value is; nullopt: no list can be filtered by it. All that is kIndexed has one
  // index.
  virtual std::optional<SqlColumn> Find(const FieldPath& path) const = 0;
  // A condition, never NULL, that is true where the record's search text has the fragment
  // `placeholder` (text, normalised): "t.id IN (SELECT crm_search_leads($4::text))". nullopt: bare
  // words cannot be used here.
  virtual std::optional<std::string> Search(std::string_view placeholder) const {
    return std::nullopt;
  }
};

struct SqlOptions {
  size_t first_placeholder = 1;
  EvalContext context{};  // for now(), ago() and the like
};

// A boolean expression that can stand beside AND as it is. NULL counts as false.
struct SqlCondition {
  std::string text;
  std::vector<SqlValue> params;
};

// INVALID_ARGUMENT (FILTER_INVALID) where the columns do not have what the filter names; INTERNAL
// where a column's kind does not fit the field's type.
Result<SqlCondition> ToSql(const CheckedFilter& filter, const SqlColumns& columns,
                           const SqlOptions& options = {});

}  // namespace crm::filter
