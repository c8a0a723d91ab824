#include "services/workflow/trigger.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "crm/workflow/v1/rule_events.pb.h"
#include "libs/command/record_codec.h"
#include "services/workflow/rule.h"

namespace crm::workflow {

using v1::Rule;
using v1::RuleRun;

namespace {

// Names of the rules that an event of the type may fire.
Result<std::vector<std::string>> Candidates(Call& call, const std::string& type) {
  auto rules = call.LoadAll<Rule>();
  if (!rules.ok()) return rules.status();
  std::vector<std::string> names;
  for (const Rule* rule : *rules) {
    const auto& events = rule->events();
    if (rule->active() && std::ranges::find(events, type) != events.end()) {
      names.push_back(rule->name());
    }
  }
  return names;
}

// How many actions of rules led to the event. The own log knows what it asked for, and it never
// changes.
Result<int> DepthOf(Call& call, const kernel::v1::LogRow& row) {
  if (row.causation().empty()) return 0;
  LogQuery query;
  query.tenant = call.tenant();
  query.event_id = row.causation();
  query.limit = 1;
  auto causes = call.store().ReadLog(query, call.stop());
  if (!causes.ok()) return causes.status();
  if (causes->empty() ||
      causes->front().payload_type() != v1::PlannedActionEvent::descriptor()->full_name()) {
    return 0;
  }
  v1::PlannedActionEvent cause;
  if (auto status = DecodeRecord(causes->front().body(), cause); !status.ok()) return status;
  return cause.planned_action().depth();
}

Result<int64_t> RunsInChain(Call& call, const RuleRun& run) {
  const RecordType& type = call.types().Of(RuleRun::descriptor());
  auto rule = filter::FieldEquals(type.filter_schema(), "rule", run.rule());
  if (!rule.ok()) return rule.status();
  auto chain = filter::FieldEquals(type.filter_schema(), "correlation", run.correlation());
  if (!chain.ok()) return chain.status();
  auto both = rule->And(*chain);
  AggregateQuery query;
  query.type = &type;
  query.tenant = call.tenant();
  query.filter = &both;
  query.now = call.now();
  auto rows = call.store().Aggregate(query, call.stop());
  if (!rows.ok()) return rows.status();
  return rows->empty() ? 0 : rows->front().count;
}

Status Request(Call& call, const RuleRun& run, int depth, v1::PlannedAction action) {
  const RecordType& type = call.types().Of(v1::PlannedAction::descriptor());
  action.set_name(type.Name(call.NewId()));
  action.set_rule(run.rule());
  action.set_rule_version(run.rule_version());
  action.set_trigger_event(run.trigger_event());
  action.set_subject(run.subject());
  action.set_depth(depth);
  return call.Store(action, v1::ActionRequested());
}

// One rule against one event.
struct Attempt {
  const Rule& rule;
  const Subject& subject;
  const events::Event& event;
  filter::EvalContext context;
};

// A rule that a changed proto has made invalid is said so in its run; it must not park the record
// for all other rules.
bool IsOutdated(const Status& status) {
  return status.reason() == "RULE_OUTDATED";
}

// Fills in the run of a rule that is to fire, and stores its actions.
Status Fire(Call& call, const Attempt& attempt, RuleRun& run) {
  auto depth = DepthOf(call, attempt.event.row);
  if (!depth.ok()) return depth.status();
  auto runs = RunsInChain(call, run);
  if (!runs.ok()) return runs.status();
  if (*depth >= kMaxDepth || *runs >= kMaxRecords) {
    run.set_outcome(*depth >= kMaxDepth ? RuleRun::TOO_DEEP : RuleRun::TOO_MANY);
    return Status::Ok();
  }
  auto actions = Plan(attempt.rule, attempt.subject, attempt.context);
  if (!actions.ok()) return actions.status();
  for (auto& action : *actions) {
    auto status = Request(call, run, *depth + 1, std::move(action));
    if (!status.ok()) return status;
  }
  run.set_outcome(RuleRun::FIRED);
  run.set_planned_count(static_cast<int>(actions->size()));
  return Status::Ok();
}

RuleRun RunOf(Call& call, const Attempt& attempt) {
  const RecordType& rules = call.types().Of(Rule::descriptor());
  const auto& row = attempt.event.row;
  RuleRun run;
  run.set_name(call.types()
                   .Find(RuleRun::descriptor())
                   ->Name(NamedUuid("rule_run", attempt.rule.name() + "\n" + row.correlation() +
                                                    "\n" + row.subject())));
  run.set_rule(attempt.rule.name());
  run.set_rule_version(
      call.VersionOf({&rules, call.tenant(), *rules.ParseName(attempt.rule.name())}));
  run.set_correlation(row.correlation());
  run.set_subject(row.subject());
  run.set_trigger_event(row.event_id());
  *run.mutable_run_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
      call.now().time_since_epoch().count());
  return run;
}

Status Try(Call& call, const Attempt& attempt) {
  auto fires = Fires(attempt.rule, attempt.subject, attempt.event, attempt.context);
  if (!fires.ok() && !IsOutdated(fires.status())) return fires.status();
  if (fires.ok() && !*fires) return Status::Ok();

  RuleRun run = RunOf(call, attempt);
  auto known = call.Find<RuleRun>(run.name());
  if (!known.ok()) return known.status();
  if (*known) {
    if ((*known)->trigger_event() == run.trigger_event()) return Status::Ok();
    (*known)->set_cut_count((*known)->cut_count() + 1);
    return call.Project(**known);
  }
  auto status = fires.ok() ? Fire(call, attempt, run) : fires.status();
  if (IsOutdated(status)) {
    run.set_outcome(RuleRun::OUTDATED);
  } else if (!status.ok()) {
    return status;
  }
  return call.Project(run);
}

events::EventFunction OnEventOf(const Subject& subject) {
  return [&subject](Call& call, const events::Event& event) -> Status {
    auto names = Candidates(call, event.row.type());
    if (!names.ok()) return names.status();
    Occasion occasion(subject, event);
    for (const auto& name : *names) {
      auto rule = call.Find<Rule>(name);
      if (!rule.ok()) return rule.status();
      if (!*rule) continue;
      auto status = Try(call, {**rule, subject, event, occasion.context(call.now())});
      if (!status.ok()) return status;
    }
    return Status::Ok();
  };
}

}  // namespace

events::EventConsumer RuleConsumer() {
  events::EventConsumer consumer;
  consumer.name = "workflow.on_events";
  consumer.sources = Sources();
  for (const Subject& subject : Subjects()) {
    consumer.functions[subject.event->full_name()] = OnEventOf(subject);
  }
  return consumer;
}

}  // namespace crm::workflow
