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
  auto finished = std::make_shared<bool>(false);
  call.run = [this, subject, finished](Call& one) { return ReplayOne(one, subject, *finished); };
  auto next = [this, tenant, subject, applied, finished, done](Status status) {
    if (!status.ok()) return done(status);
    if (*finished) return done(applied);
    ReplayNext(tenant, subject, applied + 1, done);
  };
  if (auto status = pipeline_.Run(std::move(call), next); !status.ok()) done(status);
}

Status EventApplier::ReplayOne(Call& call, const std::string& subject, bool& finished) {
  finished = false;
  const RecordType& letters = *types_.Find(DeadLetter::descriptor());
  auto entry = call.Find<InboxEntry>(InboxName(subject));
  if (!entry.ok()) return entry.status();
  auto filter = filter::FieldEquals(letters.filter_schema(), "subject", subject);
  if (!filter.ok()) return filter.status();
  auto mine = filter::FieldEquals(letters.filter_schema(), "consumer", consumer_.name);
  auto generation = filter::FieldEquals(letters.filter_schema(), "generation",
                                        std::to_string(consumer_.generation));
  if (!mine.ok() || !generation.ok()) return Internal("the dead letters cannot be listed");
  auto waiting = filter->And(*mine).And(*generation);
  ListQuery query;
  query.type = &letters;
  query.filter = &waiting;
  query.order = {{"event_version", false}};
  query.limit = 1;
  auto found = call.List(query);
  if (!found.ok()) return found.status();
  if (found->empty()) {
    finished = true;
    if (!*entry || !(*entry)->parked()) return Status::Ok();
    (*entry)->set_parked(false);
    return call.Project(**entry);
  }
  std::string name = letters.Name(found->front().record.id);
  auto letter = call.Find<DeadLetter>(name);
  if (!letter.ok()) return letter.status();
  if (!*letter)
    return Status(Code::kAborted, "LETTER_MOVED", "Another replay is under way; try again.");
  LogRow row;
  if (!row.ParseFromString((*letter)->event())) return Internal("a dead letter cannot be read");
  if (auto status = RunOne(call, row); !status.ok()) return status;
  return call.Erase(letters, name);
}

}  // namespace crm::events
