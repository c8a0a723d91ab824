#include "services/deals/stage_guards.h"

#include "libs/filter/checked_filter.h"
#include "libs/filter/evaluate.h"

namespace crm::deals {

namespace {

// A guard that cannot be understood, because it is older than a rule, does not hold.
bool Holds(const std::string& condition, const v1::Deal& deal, Time now) {
  auto checked = filter::ParseAndCheck(condition, DealSchema());
  filter::EvalContext context;
  context.now = now;
  return checked.ok() && filter::Matches(*checked, deal, context);
}

}  // namespace

const filter::Schema& DealSchema() {
  static const filter::Schema schema(v1::Deal::descriptor());
  return schema;
}

Result<std::string> RequiredCondition(const std::string& field) {
  auto path = DealSchema().Resolve(field);
  if (!path.ok()) return path.status();
  return path->text + ":*";
}

std::vector<PreconditionViolation> FailingGuards(const v1::Stage& stage, const v1::Deal& deal,
                                                 Time now) {
  std::vector<PreconditionViolation> failing;
  for (const std::string& field : stage.required_fields()) {
    auto condition = RequiredCondition(field);
    if (condition.ok() && Holds(*condition, deal, now)) continue;
    failing.push_back({"STAGE_GUARD", deal.name(), field + " must be set"});
  }
  for (const auto& check : stage.checks()) {
    if (Holds(check.condition(), deal, now)) continue;
    failing.push_back({"STAGE_GUARD", deal.name(), check.message()});
  }
  return failing;
}

}  // namespace crm::deals
