// How Rows are made from a libpq result.
#pragma once

#include "libs/pg/database.h"
#include "libs/pg/pq.h"

namespace crm::pg {

struct Rows::Rep {
  ResultPtr result;
};

// OUT_OF_RANGE with reason PG_NUMERIC_RANGE where a numeric column holds something else than an
// integer of 64 bits, so that GetInt cannot meet one.
Result<Rows> MakeRows(ResultPtr result);

}  // namespace crm::pg
