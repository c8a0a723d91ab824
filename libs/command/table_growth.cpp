#include "libs/command/table_growth.h"

namespace crm {

namespace {

// By then autovacuum has been there.
constexpr int64_t kLast = 10'000;

}  // namespace

void TableGrowth::Add(const std::string& table, int64_t rows) {
  if (rows > 0) tables_[table].rows += rows;
}

std::vector<pg::Statement> TableGrowth::Due() {
  std::vector<pg::Statement> due;
  for (auto& [table, growth] : tables_) {
    if (growth.rows < growth.next || growth.next > kLast) continue;
    while (growth.next <= growth.rows) growth.next *= 10;
    due.push_back({"SELECT crm_note_growth($1::text, $2::bigint)",
                   {pg::Value(table), pg::Value(growth.rows)}});
  }
  return due;
}

}  // namespace crm
