#include "libs/events/consumer.h"

#include <algorithm>
#include <future>
#include <mutex>

#include "libs/base/crash_point.h"
#include "libs/base/planted_bug.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/rpc/descriptors.h"

namespace crm::events {

using kernel::v1::DeadLetter;
using kernel::v1::InboxEntry;
using kernel::v1::LogRow;

namespace {

// How often an event is brought again while a record is missing that another event may have yet to
// create.
constexpr int kMissingAttempts = 20;

bool Transient(const Status& status, int attempt) {
  switch (status.code()) {
    case Code::kUnavailable:
    case Code::kAborted:
    case Code::kResourceExhausted:
    case Code::kDeadlineExceeded:
    case Code::kCancelled:
    case Code::kUnknown:
      return true;
    case Code::kNotFound:
      return attempt < kMissingAttempts;
    default:
      return false;
  }
}

// What a variable that outlives its call would give: now and then the tenant of another event.
Uuid TenantFor(const LogRow& row) {
  if (!PlantedBug("swap_tenant")) return TenantOf(row);
  static std::mutex mutex;
  static Uuid last;
  std::lock_guard lock(mutex);
  if (last.is_nil() || !PlantedBugNow("swap_tenant")) return last = TenantOf(row);
  return last;
}

// The subject's entry has seen the event.
void MoveTo(const LogRow& row, const EventConsumer& consumer, const std::string& name,
            InboxEntry& entry) {
  entry.set_name(name);
  entry.set_consumer(consumer.name);
  entry.set_generation(consumer.generation);
  entry.set_subject(row.subject());
  entry.set_last_version(row.version());
}

DeadLetter LetterOf(const LogRow& row, const EventConsumer& consumer, const std::string& name,
                    Time now) {
  DeadLetter letter;
  letter.set_name(name);
  letter.set_consumer(consumer.name);
  letter.set_generation(consumer.generation);
  letter.set_subject(row.subject());
  letter.set_event_version(row.version());
  letter.set_event_type(row.type());
  letter.set_event(row.SerializeAsString());
  *letter.mutable_create_time() = ToTimestamp(now);
  return letter;
}

}  // namespace

const EventFunction* EventConsumer::FunctionFor(const std::string& message) const {
  auto function = functions.find(message);
  if (function == functions.end()) function = functions.find("*");
  return function == functions.end() ? nullptr : &function->second;
}

Result<std::unique_ptr<google::protobuf::Message>> DecodeBody(const LogRow& row) {
  const auto* type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(row.payload_type());
  if (type == nullptr) return NotFound(row.payload_type());
  auto body = rpc::NewMessage(type);
  if (auto status = DecodeRecord(row.body(), *body); !status.ok()) return status;
  return body;
}

EventApplier::EventApplier(const EventConsumer& consumer, std::string service,
                           const RecordTypes& types, CallPipeline& pipeline, const log::Logger& log,
                           metrics::Registry& metrics)
    : consumer_(consumer),
      service_(std::move(service)),
      types_(types),
      pipeline_(pipeline),
      log_(log.With({{"consumer", log::Safe(consumer.name)}})),
      events_(metrics.AddCounter({.name = "crm_consumer_events_total",
                                  .help = "Events brought to a consumer, by what became of them.",
                                  .labels = {"consumer", "outcome"}})) {}

std::string EventApplier::InboxName(const std::string& subject) const {
  return types_.Of(InboxEntry::descriptor())
      .Name(NamedUuid("inbox/" + consumer_.name + "/" + std::to_string(consumer_.generation),
                      subject));
}

std::string EventApplier::LetterName(const std::string& subject, int64_t version) const {
  return types_.Of(DeadLetter::descriptor())
      .Name(NamedUuid("letter/" + consumer_.name + "/" + std::to_string(consumer_.generation),
                      subject + "@" + std::to_string(version)));
}

InternalCall EventApplier::MakeCall(const LogRow& row, std::string_view step) const {
  InternalCall call;
  call.id = NamedUuid("consumer/" + consumer_.name + "/" + std::to_string(consumer_.generation) +
                          "/" + std::string(step),
                      row.event_id());
  call.principal = Principal::System(TenantFor(row), service_);
  call.cause = {row.correlation(), row.event_id(), row.run(), row.traceparent()};
  call.origin = "consumer:" + consumer_.name;
  return call;
}

Status EventApplier::RunOne(Call& call, const LogRow& row) {
  const EventFunction* function = consumer_.FunctionFor(row.payload_type());
  if (function == nullptr) return Status::Ok();
  auto body = DecodeBody(row);
  if (!body.ok()) return body.status();
  return (*function)(call, {row, **body, ToTime(row.occurred_time()), ToTime(row.recorded_time())});
}

bool EventApplier::IsFor(const LogRow& row) const {
  return consumer_.FunctionFor(row.payload_type()) != nullptr &&
         (consumer_.facts.empty() || consumer_.facts.contains(row.type()));
}

void EventApplier::Apply(const LogRow& row, int attempt, std::function<void(Applied)> done) {
  if (!IsFor(row)) {
    events_.With({consumer_.name, "skipped"}).Add();
    return done(Applied::kDone);
  }
  InternalCall call = MakeCall(row, "apply");
  auto parked = std::make_shared<bool>(false);
  call.run = [this, row, parked](Call& attempt_call) -> Status {
    *parked = false;
    const std::string inbox = InboxName(row.subject());
    if (row.version() == 1) {
      attempt_call.ExpectAbsent(types_.Of(InboxEntry::descriptor()), inbox);
    }
    auto known = attempt_call.Find<InboxEntry>(inbox);
    if (!known.ok()) return known.status();
    InboxEntry entry = known->value_or(InboxEntry());
    if (row.version() <= entry.last_version()) return Status::Ok();
    MoveTo(row, consumer_, inbox, entry);
    if (entry.parked()) {
      *parked = true;
      DeadLetter letter =
          LetterOf(row, consumer_, LetterName(row.subject(), row.version()), attempt_call.now());
      letter.set_message("Waits for an earlier event of its subject.");
      if (auto status = attempt_call.Project(letter); !status.ok()) return status;
    } else if (auto status = RunOne(attempt_call, row); !status.ok()) {
      return status;
    }
    if (PlantedBugNow("forget_inbox_row")) return Status::Ok();
    return attempt_call.Project(entry);
  };
  auto finish = [this, row, attempt, parked, done](Status status) {
    if (status.ok()) {
      CrashPoint("consumer.after_commit");
      events_.With({consumer_.name, *parked ? "parked" : "applied"}).Add();
      return done(*parked ? Applied::kParked : Applied::kDone);
    }
    if (Transient(status, attempt)) {
      events_.With({consumer_.name, "retried"}).Add();
      return done(Applied::kAgain);
    }
    Park(row, status, attempt, done);
  };
  if (!pipeline_.Run(std::move(call), finish).ok()) done(Applied::kAgain);
}

void EventApplier::Park(const LogRow& row, const Status& why, int attempt,
                        std::function<void(Applied)> done) {
  log_.Error("event parked", {{"subject", log::Safe(row.subject())},
                              {"event_type", log::Safe(row.type())},
                              {"status", why},
                              {"attempts", attempt}});
  InternalCall call = MakeCall(row, "park");
  call.run = [this, row, why, attempt](Call& park) -> Status {
    const std::string inbox = InboxName(row.subject());
    auto known = park.Find<InboxEntry>(inbox);
    if (!known.ok()) return known.status();
    InboxEntry entry = known->value_or(InboxEntry());
    if (row.version() <= entry.last_version()) return Status::Ok();
    MoveTo(row, consumer_, inbox, entry);
    entry.set_parked(true);
    DeadLetter letter =
        LetterOf(row, consumer_, LetterName(row.subject(), row.version()), park.now());
    letter.set_code(std::string(CodeName(why.code())));
    letter.set_reason(why.reason());
    letter.set_message(why.message());
    letter.set_handler(consumer_.name + " on " + row.payload_type());
    letter.set_attempts(attempt);
    if (auto status = park.Project(letter); !status.ok()) return status;
    return park.Project(entry);
  };
  auto finish = [this, done](Status status) {
    events_.With({consumer_.name, status.ok() ? "parked" : "retried"}).Add();
    done(status.ok() ? Applied::kParked : Applied::kAgain);
  };
  if (!pipeline_.Run(std::move(call), finish).ok()) done(Applied::kAgain);
}

}  // namespace crm::events
