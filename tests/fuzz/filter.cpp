// Filters: whatever is parsed and checked is evaluated the same after a way through its canonical
// text, agrees with what AND and OR make of it, and becomes SQL whose parameters fit.
#include <set>

#include "libs/filter/evaluate.h"
#include "libs/filter/order_by.h"
#include "libs/filter/specimen_probes.h"
#include "libs/filter/sql.h"
#include "tests/fuzz/fuzz.h"

namespace crm::fuzz {

using filter::CheckedFilter;
using testing::v1::Specimen;

namespace {

const filter::Schema& Schema() {
  static const filter::Schema schema = filter::SpecimenSchema();
  return schema;
}

std::vector<bool> Matching(const CheckedFilter& checked) {
  static const std::vector<Specimen> specimens = filter::Specimens(25);
  filter::EvalContext context;
  context.now = Time(std::chrono::seconds(1'700'000'000));
  std::vector<bool> matching;
  for (const auto& specimen : specimens) matching.push_back(Matches(checked, specimen, context));
  return matching;
}

void CheckAgainstOthers(const CheckedFilter& checked, const std::vector<bool>& matching) {
  static const CheckedFilter other = *filter::ParseAndCheck("total > 1 OR state = NEW", Schema());
  static const std::vector<bool> others = Matching(other);
  const auto both = Matching(checked.And(other)), either = Matching(checked.Or(other));
  for (size_t i = 0; i < matching.size(); ++i) {
    Expect(both[i] == (matching[i] && others[i]), "AND is both", checked.ToText());
    Expect(either[i] == (matching[i] || others[i]), "OR is either", checked.ToText());
  }
}

// Every parameter has its placeholder, and there are no others.
void CheckSql(const CheckedFilter& checked) {
  auto sql = filter::ToSql(checked, filter::SpecimenColumns(), {.first_placeholder = 3});
  Expect(sql.ok(), "what was checked has an SQL form", checked.ToText());
  std::set<size_t> used;
  for (size_t at = sql->text.find('$'); at != std::string::npos; at = sql->text.find('$', at + 1)) {
    used.insert(std::stoul(sql->text.substr(at + 1)));
  }
  std::set<size_t> given;
  for (size_t i = 0; i < sql->params.size(); ++i) given.insert(3 + i);
  Expect(used == given, "placeholders are the parameters", sql->text);
}

void CheckOrder(std::string_view input) {
  auto parsed = filter::OrderBy::Parse(input);
  if (!parsed.ok()) return;
  auto order = filter::Check(*parsed, Schema());
  if (!order.ok()) return;
  auto again = filter::OrderBy::Parse(order->ToText());
  Expect(again.ok() && filter::Check(*again, Schema()).ok(), "an order's text is an order", input);
  Expect(filter::Check(*again, Schema())->ToText() == order->ToText(), "it is the same", input);
}

}  // namespace

void TakeInput(std::string_view input) {
  CheckOrder(input);
  auto parsed = filter::Filter::Parse(input);
  if (!parsed.ok()) {
    Expect(parsed.status().reason() == "FILTER_INVALID", "a refusal says so", input);
    return;
  }
  auto again = filter::Filter::Parse(parsed->ToText());
  Expect(again.ok() && *again == *parsed, "the canonical text is the same filter", input);
  auto checked = filter::Check(*parsed, Schema());
  if (!checked.ok()) {
    Expect(checked.status().code() == Code::kInvalidArgument, "a refusal is typed", input);
    return;
  }
  const auto matching = Matching(*checked);
  auto reread = filter::ParseAndCheck(checked->ToText(), Schema());
  Expect(reread.ok() && Matching(*reread) == matching, "read back it finds the same", input);
  CheckAgainstOthers(*checked, matching);
  CheckSql(*checked);
}

}  // namespace crm::fuzz
