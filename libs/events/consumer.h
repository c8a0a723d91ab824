// Consumers: functions of a service that run on events of other services (or its own), once in
// effect per event.
//
// A consumer is data: a name and one function per event message. EventApplier runs one event as a
// call of the service, with the inbox row moved in the same commit as the effect; who brings the
// events (Kafka, a replay of the log, a simulation) is not its business.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "crm/kernel/v1/log.pb.h"
#include "libs/command/call.h"
#include "libs/command/log_row.h"
#include "libs/command/pipeline.h"
#include "libs/log/logger.h"

namespace crm::events {

// An event as its handler sees it.
struct Event {
  const kernel::v1::LogRow& row;
  // The event message, decoded.
  const google::protobuf::Message& body;
  Time occurred;
  Time recorded;
};

using EventFunction = std::function<Status(Call&, const Event&)>;

// Decides with Call like any handler. Failures: transient ones (UNAVAILABLE, ABORTED,
// RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED, CANCELLED, UNKNOWN) are tried again without bound;
// NOT_FOUND a few times, since what another event has yet to create may be missing; all others park
// the subject.
struct EventConsumer {
  // "contacts.on_leads": stable, part of the consumer group and of the inbox.
  std::string name;
  // Services whose events it reads.
  std::vector<std::string> sources;
  // By full name of the event message ("crm.leads.v1.LeadEvent"); "*" stands for all that are not
  // named. Others are counted and skipped.
  std::map<std::string, EventFunction> functions;
  // The facts that the functions act on ("crm.leads.v1.LeadConverted"); see FactNames. Others are
  // skipped like events of other types, which costs no commit. Empty: all facts.
  std::set<std::string> facts = {};
  // A rebuild runs the same functions under a new generation, which is in the key of all that
  // a projection writes.
  int64_t generation = 1;

  // For an event message by its full name; nullptr where it is skipped.
  const EventFunction* FunctionFor(const std::string& message) const;
};

// Binds a plain function `Status F(Call&, const LeadEvent&, const Event&)`.
template <class Message>
std::pair<const std::string, EventFunction> On(
    std::function<Status(Call&, const Message&, const Event&)> function) {
  return {Message::descriptor()->full_name(),
          [function = std::move(function)](Call& call, const Event& event) {
            return function(call, static_cast<const Message&>(event.body), event);
          }};
}

// For EventConsumer::facts.
template <class... Facts>
std::set<std::string> FactNames() {
  return {Facts::descriptor()->full_name()...};
}

// What became of one event.
enum class Applied {
  kDone,    // in effect now, or before, or not for this consumer
  kParked,  // waits in the dead letters, with its subject
  kAgain,   // failed for now; bring it again after a pause
};

// Thread-safe. At most one Apply per subject at a time: events of one subject are brought in order.
class EventApplier {
 public:
  EventApplier(const EventConsumer& consumer, std::string service, const RecordTypes& types,
               CallPipeline& pipeline, const log::Logger& log, metrics::Registry& metrics);

  // `attempt` counts from 1; `done` runs once, on any thread.
  void Apply(const kernel::v1::LogRow& row, int attempt, std::function<void(Applied)> done);

  // Replays the dead letters of a parked subject, oldest first, and unparks it; stops at the first
  // that fails again, which stays, and hands its Status to `done`. Otherwise `done` gets how many
  // were applied. In dead_letters.cpp.
  void Replay(const Uuid& tenant, const std::string& subject,
              std::function<void(Result<int>)> done);

  const EventConsumer& consumer() const { return consumer_; }

 private:
  bool IsFor(const kernel::v1::LogRow& row) const;
  Status RunOne(Call& call, const kernel::v1::LogRow& row);
  void Park(const kernel::v1::LogRow& row, const Status& why, int attempt,
            std::function<void(Applied)> done);
  void ReplayNext(const Uuid& tenant, const std::string& subject, int applied,
                  std::function<void(Result<int>)> done);
  // Unparks the subject where none is left.
  Status OldestLetter(Call& call, const std::string& subject,
                      std::optional<kernel::v1::LogRow>& oldest);
  Status ReplayOne(Call& call, const kernel::v1::LogRow& row);
  InternalCall MakeCall(const kernel::v1::LogRow& row, std::string_view step) const;
  std::string InboxName(const std::string& subject) const;
  std::string LetterName(const std::string& subject, int64_t version) const;

  const EventConsumer& consumer_;
  const std::string service_;
  const RecordTypes& types_;
  CallPipeline& pipeline_;
  const log::Logger log_;
  metrics::CounterFamily events_;
};

// Decodes the body by its payload type; NOT_FOUND where this process does not know the type.
Result<std::unique_ptr<google::protobuf::Message>> DecodeBody(const kernel::v1::LogRow& row);

}  // namespace crm::events
