// Mapping: how the rows of a CSV file become records: which cell goes where and what is done to it
// on the way. It is a YAML file that is kept with the project; the code knows no column.
//
//   collection: companies
//   key: {field: external_id, column: Account, prefix: "book/account/"}
//   fields:                      # of the record, by path
//     display_name: {column: Account, trim: true, required: true}
//     industry: {column: Sector, alias: {Technolgy: Technology}}
//     annual_revenue: {column: " Revenue ", strip: "$, ", money: USD, times: 1000000}
//     parent: {column: Subsidiary_Of, prefix: "book/account/",
//              lookup: {collection: companies, by: external_id}, later: true}
//   create:                      # fields of the Create request besides the record
//     occurred_time: {column: engage_date, time_of_day: "00:00:00Z"}
//   verbs:                       # in order, behind create or update
//     - verb: win
//       when: {column: deal_stage, in: [Won]}
//       unless: {state: WON}     # the record is there already
//       set: {occurred_time: {column: close_date, time_of_day: "00:00:00Z"}}
//
// A value comes from `column`, or is `value`. Then, in this order: trim; alias (a table; with
// only_aliases: true a text that is not in it is refused); default (where the cell is empty);
// required (refuses an empty cell); strip (characters to take out); money (a currency, with
// `times`) or time_of_day (makes a time of a date); prefix; lookup (the name of the record that has
// this key). An empty text sets nothing. `when` limits a value or a verb to some rows. `later` is
// for references to rows further down: they are set in a second pass.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "tools/crmctl/collection.h"

namespace crm::ctl {

// Rows whose cell is one of these.
struct RowCondition {
  std::string column;
  std::vector<std::string> in;
};

// A record of another row or file, by its key.
struct Reference {
  std::string collection;
  std::string by;
  std::string key;
  auto operator<=>(const Reference&) const = default;
};

// Where a value comes from and what is done to it.
struct ValueRule {
  std::string path;
  std::string column;
  std::string value;
  bool trim = false;
  std::map<std::string, std::string> alias;
  bool only_aliases = false;
  std::string fallback;
  bool required = false;
  std::string strip;
  std::string currency;
  int64_t times = 1;
  std::string time_of_day;
  std::string prefix;
  // Collection and field to look the text up by; both empty: it is the value.
  std::string lookup_collection;
  std::string lookup_by;
  bool later = false;
  std::optional<RowCondition> when;
};

struct VerbRule {
  std::string verb;
  std::optional<RowCondition> when;
  std::vector<Assignment> unless;
  std::vector<ValueRule> set;
};

struct Mapping {
  // The file's name without its ending: part of the request ids.
  std::string name;
  std::string collection;
  // Its path is the field by which records are found.
  ValueRule key;
  std::vector<ValueRule> fields;
  std::vector<ValueRule> create;
  std::vector<VerbRule> verbs;
};

// A usage error says what is wrong and where: words that are not of the list above too.
Result<Mapping> ParseMapping(const std::string& name, const std::string& yaml);
// All rules of a mapping, the key's first.
std::vector<const ValueRule*> RulesOf(const Mapping& mapping);

// The cells of one row by the names in the header.
class Row {
 public:
  using Columns = std::map<std::string, size_t>;
  Row(const Columns& columns, const std::vector<std::string>& cells)
      : columns_(columns), cells_(cells) {}
  const std::string& Cell(const std::string& column) const { return cells_[columns_.at(column)]; }

 private:
  const Columns& columns_;
  const std::vector<std::string>& cells_;
};

bool Fits(const std::optional<RowCondition>& condition, const Row& row);

// The text that the rule makes of the row, before a lookup; empty: nothing to set. INVALID_ARGUMENT
// with reason CELL_EMPTY, VALUE_UNKNOWN, MONEY_MALFORMED, DATE_MALFORMED ... where the rule refuses
// it.
Result<std::string> Apply(const ValueRule& rule, const Row& row);

}  // namespace crm::ctl
