// What a call leaves to be done later: timers and effects, records like any other.
#include "libs/command/call.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"

namespace crm {

using google::protobuf::Message;

namespace {

std::string TimerName(const RecordType& timers, std::string_view kind, std::string_view subject,
                      std::string_view label) {
  return timers.Name(NamedUuid("timer/" + std::string(kind) + "/" + std::string(label), subject));
}

}  // namespace

Status Call::SetTimer(std::string_view kind, std::string_view subject, Time due,
                      const Message& payload, std::string_view label) {
  const RecordType& timers = services_.types->Of(kernel::v1::Timer::descriptor());
  kernel::v1::Timer timer;
  timer.set_name(TimerName(timers, kind, subject, label));
  *timer.mutable_due_time() = ToTimestamp(due);
  timer.set_kind(std::string(kind));
  timer.set_subject(std::string(subject));
  timer.set_payload(EncodeRecord(payload));
  timer.set_correlation(context_.cause.correlation);
  // The timer's cause is the event that this call logs; without one, what caused the call.
  timer.set_causation(log_.empty() ? context_.cause.causation : log_.back().event_id());
  if (IsNew(subject)) ExpectAbsent(timers, timer.name());
  return Project(timer);
}

Status Call::CancelTimer(std::string_view kind, std::string_view subject, std::string_view label) {
  const RecordType& timers = services_.types->Of(kernel::v1::Timer::descriptor());
  return Erase(timers, TimerName(timers, kind, subject, label));
}

Status Call::RequestEffect(std::string_view kind, std::string_view key, std::string_view subject,
                           std::string payload) {
  const RecordType& effects = services_.types->Of(kernel::v1::Effect::descriptor());
  kernel::v1::Effect effect;
  effect.set_name(effects.Name(NamedUuid("effect/" + std::string(kind), key)));
  ExpectAbsent(effects, effect.name());
  auto known = Find<kernel::v1::Effect>(effect.name());
  if (!known.ok()) return known.status();
  if (*known) return Status::Ok();
  effect.set_kind(std::string(kind));
  effect.set_key(std::string(key));
  effect.set_payload(std::move(payload));
  effect.set_state(kernel::v1::Effect::PENDING);
  effect.set_subject(std::string(subject));
  effect.set_correlation(context_.cause.correlation);
  effect.set_causation(log_.empty() ? context_.cause.causation : log_.back().event_id());
  *effect.mutable_create_time() = ToTimestamp(context_.now);
  *effect.mutable_next_attempt_time() = ToTimestamp(context_.now);
  return Project(effect);
}

}  // namespace crm
