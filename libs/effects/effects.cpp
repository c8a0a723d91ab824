#include "libs/effects/effects.h"

#include <algorithm>

#include "libs/base/crash_point.h"
#include "libs/base/planted_bug.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"

namespace crm {

using kernel::v1::Effect;

namespace {

constexpr size_t kBatch = 100;
constexpr int kMaxAttempts = 12;
constexpr auto kFirstPause = std::chrono::seconds(2);
constexpr auto kLongestPause = std::chrono::hours(1);

void SetNextAttempt(Effect& effect, Time time) {
  *effect.mutable_next_attempt_time() = ToTimestamp(time);
}

Duration PauseAfter(int attempts) {
  return std::min<Duration>(kFirstPause * (1 << std::min(attempts, 20)), kLongestPause);
}

void TryAgain(Effect& effect, int attempts, Effect::State otherwise, Time now) {
  effect.set_state(effect.attempts() >= attempts ? otherwise : Effect::PENDING);
  SetNextAttempt(effect, now + PauseAfter(effect.attempts()));
}

}  // namespace

EffectPump::EffectPump(std::vector<std::shared_ptr<EffectAdapter>> adapters, std::string service,
                       const RecordTypes& types, Store& store, CallPipeline& pipeline,
                       Executor& executor, const Clock& clock, const log::Logger& log,
                       metrics::Registry& metrics)
    : adapters_(std::move(adapters)),
      service_(std::move(service)),
      type_(types.Of(Effect::descriptor())),
      store_(store),
      pipeline_(pipeline),
      executor_(executor),
      clock_(clock),
      log_(log),
      outcomes_(metrics.AddCounter({.name = "crm_effects_total",
                                    .help = "Attempts at effects on the outside world.",
                                    .labels = {"service", "kind", "outcome"}})) {}

EffectAdapter* EffectPump::Find(const std::string& kind) const {
  for (const auto& adapter : adapters_) {
    if (adapter->kind() == kind) return adapter.get();
  }
  return nullptr;
}

Result<int> EffectPump::Work(std::stop_token stop) {
  // SENDING has next_attempt_time at the end of its sender's patience, so one condition finds both.
  auto due = filter::ParseAndCheck(
      "(state = PENDING OR state = SENDING) next_attempt_time <= now()", type_.filter_schema());
  if (!due.ok()) return due.status();
  ListQuery query;
  query.type = &type_;
  query.filter = &*due;
  query.now = clock_.Now();
  query.order = {{"next_attempt_time", false}};
  query.limit = kBatch;
  auto listed = store_.List(query, stop);
  if (!listed.ok()) return listed.status();
  for (const auto& item : *listed) {
    Effect effect;
    if (auto status = DecodeRecord(item.record.body, effect); !status.ok()) return status;
    Begin(item.tenant, effect);
  }
  return static_cast<int>(listed->size());
}

Status EffectPump::Move(const Uuid& tenant, const Effect& effect, const std::string& step,
                        std::function<Status(Call&, Effect&)> change,
                        std::function<void(Status)> done) {
  InternalCall call;
  call.id = NamedUuid("effect/" + step + "/" + std::to_string(effect.attempts()), effect.name());
  call.principal = Principal::System(tenant, service_);
  call.cause = {effect.correlation().empty() ? call.id.ToString() : effect.correlation(),
                effect.causation(), "", ""};
  call.origin = "effect:" + effect.kind();
  call.run = [name = effect.name(), expected = effect.attempts(), state = effect.state(),
              change = std::move(change)](Call& attempt) -> Status {
    auto current = attempt.Find<Effect>(name);
    if (!current.ok()) return current.status();
    bool mine = *current && (*current)->attempts() == expected && (*current)->state() == state;
    if (!mine) return Status(Code::kAborted, "EFFECT_MOVED", "Another worker has this effect.");
    if (auto status = change(attempt, **current); !status.ok()) return status;
    return attempt.Project(**current);
  };
  return pipeline_.Run(std::move(call), std::move(done));
}

void EffectPump::Begin(const Uuid& tenant, const Effect& effect) {
  bool reconcile = effect.state() == Effect::SENDING;
  const EffectAdapter* adapter = Find(effect.kind());
  Duration timeout = adapter == nullptr ? Duration() : Duration(adapter->sender_timeout());
  auto begun = std::make_shared<Effect>();
  auto status = Move(
      tenant, effect, reconcile ? "reconcile" : "send",
      [begun, timeout](Call& call, Effect& current) {
        current.set_state(Effect::SENDING);
        current.set_attempts(current.attempts() + 1);
        SetNextAttempt(current, call.now() + timeout);
        *begun = current;
        return Status::Ok();
      },
      [this, tenant, begun, reconcile](Status moved) {
        if (!moved.ok()) return;  // somebody else has it, or the next round tries again
        // The committing thread must not wait for the outside world.
        executor_.Post([this, tenant, begun, reconcile] { Perform(tenant, *begun, reconcile); });
      });
  if (!status.ok()) log_.Warning("effect not begun", {{"status", status}});
}

// A sender that stood still for so long (a full queue, a stopped process) is taken for dead: what
// it was to send is being reconciled.
bool EffectPump::GivenUp(const Effect& effect) const {
  return clock_.Now() >= ToTime(effect.next_attempt_time());
}

void EffectPump::Perform(const Uuid& tenant, Effect effect, bool reconcile) {
  EffectAdapter* adapter = Find(effect.kind());
  EffectOutcome outcome;
  if (adapter == nullptr) {
    outcome = {EffectOutcome::Kind::kRejected, "", "no adapter for effects of this kind"};
  } else if (GivenUp(effect)) {
    return;
  } else if (reconcile && !adapter->dedupes_by_key()) {
    outcome = adapter->Query(effect);
  } else {
    outcome = adapter->Send(effect);
  }
  if (PlantedBug("effect_twice") && adapter != nullptr) adapter->Send(effect);
  CrashPoint("effects.after_send");
  bool unknown = outcome.kind == EffectOutcome::Kind::kUnknown;
  // No answer to a send: ask at once before giving it to a person.
  if (unknown && !reconcile && adapter != nullptr && !adapter->dedupes_by_key()) {
    outcome = adapter->Query(effect);
  }
  Record(tenant, effect, outcome, reconcile);
}

void EffectPump::Record(const Uuid& tenant, const Effect& effect, const EffectOutcome& outcome,
                        bool reconciled) {
  EffectAdapter* adapter = Find(effect.kind());
  bool dedupes = adapter != nullptr && adapter->dedupes_by_key();
  static constexpr const char* kNames[] = {"confirmed", "rejected", "retry", "unknown"};
  outcomes_.With({service_, effect.kind(), kNames[static_cast<int>(outcome.kind)]}).Add();
  auto status = Move(
      tenant, effect, "record",
      [outcome, dedupes, reconciled](Call& call, Effect& current) {
        current.set_last_error(outcome.error);
        current.set_receipt(outcome.receipt);
        switch (outcome.kind) {
          case EffectOutcome::Kind::kConfirmed:
            current.set_state(Effect::CONFIRMED);
            break;
          case EffectOutcome::Kind::kRejected:
            current.set_state(Effect::FAILED);
            break;
          case EffectOutcome::Kind::kUnknown:
            // It may have happened: only the provider's own dedupe makes another try safe.
            TryAgain(current, dedupes ? kMaxAttempts : 0, Effect::PARKED, call.now());
            break;
          case EffectOutcome::Kind::kRetry:
            TryAgain(current, kMaxAttempts, Effect::FAILED, call.now());
            // What never arrived was not refused: its sender died, the provider needs no rest.
            if (reconciled) SetNextAttempt(current, call.now() + kFirstPause);
            break;
        }
        return Status::Ok();
      },
      [](Status) {});
  // Left SENDING, it is reconciled after the sender's patience: nothing is lost, nothing doubled.
  if (!status.ok()) log_.Warning("effect not recorded", {{"status", status}});
}

}  // namespace crm
