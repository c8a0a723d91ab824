#include "services/leads/assignment.h"

#include <algorithm>

#include "crm/leads/v1/intake.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/filter/evaluate.h"
#include "services/leads/candidates.h"
#include "services/leads/lead.h"
#include "services/leads/settings.h"

namespace crm::leads {

using v1::AssignmentRule;
using v1::Distribution;
using v1::Lead;

namespace {

constexpr char kTimer[] = "assign_lead";
constexpr int kContactMinutes = 15;
constexpr auto kNextTry = std::chrono::minutes(2);

// The rule that a lead falls under.
struct Plan {
  // What its turn is kept by.
  std::string key;
  // "rule:Big cities"
  std::string by;
  Distribution distribution;
};

Result<Plan> PlanFor(Call& call, const Lead& lead) {
  auto rules = call.LoadAll<AssignmentRule>();
  if (!rules.ok()) return rules.status();
  std::ranges::stable_sort(*rules, {}, &AssignmentRule::position);
  const RecordType& leads = call.types().Of(Lead::descriptor());
  for (const AssignmentRule* rule : *rules) {
    if (rule->disabled()) continue;
    auto condition = filter::ParseAndCheck(rule->condition(), leads.filter_schema());
    // Was checked when the rule was saved; fits nothing where a field has gone since.
    if (!condition.ok()) continue;
    if (filter::Matches(*condition, lead, {call.now()})) {
      return Plan{rule->name(), "rule:" + rule->display_name(), rule->distribution()};
    }
  }
  auto settings = ReadSettings(call);
  if (!settings.ok()) return settings.status();
  return Plan{settings->name(), "default", settings->default_distribution()};
}

Result<std::map<std::string, int64_t>> CountOpenLeads(Call& call) {
  const RecordType& type = call.types().Of(Lead::descriptor());
  auto open = filter::ParseAndCheck("state = NEW OR state = WORKING", type.filter_schema());
  if (!open.ok()) return open.status();
  AggregateQuery query;
  query.type = &type;
  query.tenant = call.tenant();
  query.filter = &*open;
  query.now = call.now();
  query.group_by = {"owner"};
  auto rows = call.store().Aggregate(query, call.stop());
  if (!rows.ok()) return rows.status();
  std::map<std::string, int64_t> counts;
  for (const auto& row : *rows) {
    if (const auto* owner = std::get_if<std::string>(&row.group[0])) counts[*owner] = row.count;
  }
  return counts;
}

Result<Choice> ChooseFor(Call& call, const Plan& plan) {
  auto candidates = FindCandidates(call, plan.distribution);
  if (!candidates.ok()) {
    return Choice{"", "", "the people could not be asked for: " + candidates.status().message()};
  }
  Load load;
  auto mode = plan.distribution.mode();
  if (mode == Distribution::LEAST_BUSY) {
    auto counts = CountOpenLeads(call);
    if (!counts.ok()) return counts.status();
    load.open_leads = std::move(*counts);
    return Choose(mode, *candidates, load);
  }
  if (mode == Distribution::FIRST_AVAILABLE) return Choose(mode, *candidates, load);
  const RecordType& turns = call.types().Of(v1::RuleTurn::descriptor());
  std::string name = turns.Name(NamedUuid("rule_turn", plan.key));
  auto turn = call.Find<v1::RuleTurn>(name);
  if (!turn.ok()) return turn.status();
  v1::RuleTurn next = turn->value_or(v1::RuleTurn());
  load.last_user = next.last_user();
  Choice choice = Choose(mode, *candidates, load);
  if (choice.user.empty()) return choice;
  next.set_name(name);
  next.set_last_user(choice.user);
  next.set_turns(next.turns() + 1);
  if (auto status = call.Project(next); !status.ok()) return status;
  return choice;
}

void SetDueTime(const Distribution& distribution, Time now, Lead& lead) {
  int minutes =
      distribution.contact_minutes() > 0 ? distribution.contact_minutes() : kContactMinutes;
  *lead.mutable_contact_due_time() = ToTimestamp(now + std::chrono::minutes(minutes));
}

Status TryAgainLater(Call& call, const Plan& plan, const Lead& lead) {
  bool somebody = plan.distribution.users_size() > 0 || !plan.distribution.department().empty();
  if (!somebody) return Status::Ok();
  v1::AssignLeadRequest payload;
  payload.set_name(lead.name());
  return call.SetTimer(kTimer, lead.name(), call.now() + kNextTry, payload);
}

Status Retry(Call& call, const FiredTimer& fired) {
  auto lead = call.Find<Lead>(fired.timer.subject());
  if (!lead.ok()) return lead.status();
  if (!*lead || (*lead)->has_delete_time() || !(*lead)->owner().empty() || !IsOpen(**lead)) {
    return Status::Ok();
  }
  return AssignByRules(call, **lead);
}

}  // namespace

Status AssignByRules(Call& call, Lead lead) {
  auto plan = PlanFor(call, lead);
  if (!plan.ok()) return plan.status();
  auto choice = ChooseFor(call, *plan);
  if (!choice.ok()) return choice.status();
  bool first = !lead.has_contact_due_time();
  if (choice->user.empty()) {
    if (auto status = TryAgainLater(call, *plan, lead); !status.ok()) return status;
    if (!first && lead.owner().empty()) return Status::Ok();
  }
  if (first) SetDueTime(plan->distribution, call.now(), lead);
  v1::LeadAssigned fact;
  fact.set_previous_owner(lead.owner());
  fact.set_by(plan->by);
  fact.set_reason(choice->reason);
  lead.set_owner(choice->user);
  lead.set_department(choice->user.empty() ? plan->distribution.department() : choice->department);
  return call.Store(lead, fact);
}

TimerHandler AssignmentTimer() {
  return {kTimer, Retry};
}

}  // namespace crm::leads
