// Replay of what was parked. Each letter is applied by a call of its own that erases it in the same
// commit; the subject is unparked by a call that has the inbox row in its check set, so an event
// appended meanwhile makes it look again.
#include "libs/command/record_codec.h"
#include "libs/events/consumer.h"

namespace crm::events {

using kernel::v1::DeadLetter;
using kernel::v1::InboxEntry;
using kernel::v1::LogRow;

void EventApplier::Replay(const Uuid& tenant, const std::string& subject,
                          std::function<void(Result<int>)> done) {
  ReplayNext(tenant, subject, 0, std::move(done));
}

void EventApplier::ReplayNext(const Uuid& tenant, const std::string& subject, int applied,
                              std::function<void(Result<int>)> done) {
  InternalCall call;
  call.id = NamedUuid("replay/" + consumer_.name, subject + "#" + std::to_string(applied));
  call.principal = Principal::System(tenant, service_);
  call.cause.correlation = call.id.ToString();
  call.origin = "consumer:" + consumer_.name;
  auto oldest = std::make_shared<std::optional<LogRow>>();
  call.run = [this, subject, oldest](Call& one) { return OldestLetter(one, subject, *oldest); };
  auto next = [this, tenant, subject, applied, oldest, done](Status status) {
    if (!status.ok()) return done(status);
    if (!*oldest) return done(applied);
    auto again = [this, tenant, subject, applied, done](Status replayed) {
      if (!replayed.ok()) return done(replayed);
      ReplayNext(tenant, subject, applied + 1, done);
    };
    // As the event's own consequence, so that the chain of causes holds.
    InternalCall replay = MakeCall(**oldest, "replay");
    replay.run = [this, oldest](Call& one) { return ReplayOne(one, **oldest); };
    if (auto started = pipeline_.Run(std::move(replay), again); !started.ok()) done(started);
  };
  if (auto status = pipeline_.Run(std::move(call), next); !status.ok()) done(status);
}

Status EventApplier::OldestLetter(Call& call, const std::string& subject,
                                  std::optional<LogRow>& oldest) {
  oldest.reset();
  const RecordType& letters = types_.Of(DeadLetter::descriptor());
  auto entry = call.Find<InboxEntry>(InboxName(subject));
  if (!entry.ok()) return entry.status();
  auto filter = filter::FieldEquals(letters.filter_schema(), "subject", subject);
  auto mine = filter::FieldEquals(letters.filter_schema(), "consumer", consumer_.name);
  auto generation = filter::FieldEquals(letters.filter_schema(), "generation",
                                        std::to_string(consumer_.generation));
  if (!filter.ok() || !mine.ok() || !generation.ok()) {
    return Internal("the dead letters cannot be listed");
  }
  auto waiting = filter->And(*mine).And(*generation);
  ListQuery query;
  query.type = &letters;
  query.filter = &waiting;
  query.order = {{"event_version", false}};
  query.limit = 1;
  auto found = call.List(query);
  if (!found.ok()) return found.status();
  if (found->empty()) {
    if (!*entry || !(*entry)->parked()) return Status::Ok();
    (*entry)->set_parked(false);
    return call.Project(**entry);
  }
  DeadLetter letter;
  if (auto status = DecodeRecord(found->front().record.body, letter); !status.ok()) return status;
  if (!oldest.emplace().ParseFromString(letter.event())) {
    return Internal("a dead letter cannot be read");
  }
  return Status::Ok();
}

Status EventApplier::ReplayOne(Call& call, const LogRow& row) {
  std::string name = LetterName(row.subject(), row.version());
  auto entry = call.Find<InboxEntry>(InboxName(row.subject()));
  if (!entry.ok()) return entry.status();
  auto letter = call.Find<DeadLetter>(name);
  if (!letter.ok()) return letter.status();
  if (!*letter) {
    return Status(Code::kAborted, "LETTER_MOVED", "Another replay is under way; try again.");
  }
  if (auto status = RunOne(call, row); !status.ok()) return status;
  return call.Erase(types_.Of(DeadLetter::descriptor()), name);
}

}  // namespace crm::events
