#include "libs/people/hand_over.h"

#include <cstdio>
#include <cstdlib>

#include "crm/identity/v1/identity_events.pb.h"
#include "libs/command/access.h"
#include "libs/command/record_codec.h"
#include "libs/filter/evaluate.h"
#include "libs/people/people.h"
#include "libs/rpc/descriptors.h"

namespace crm::people {

using google::protobuf::Message;
using kernel::v1::HandOver;

namespace {

constexpr char kAction[] = "hand_over";
constexpr char kFact[] = "handed_over";

[[noreturn]] void Mistake(const RecordType& type, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", type.message()->full_name().c_str(), what.c_str());
  std::abort();
}

Status CheckUser(const std::string& name, const char* field) {
  constexpr std::string_view kUsers = "users/";
  if (name.starts_with(kUsers) && Uuid::Parse(std::string_view(name).substr(kUsers.size()))) {
    return Status::Ok();
  }
  return InvalidField(field, "must have the form users/{uuid}");
}

void SetText(Message& message, const char* field, const std::string& text) {
  message.GetReflection()->SetString(&message, message.GetDescriptor()->FindFieldByName(field),
                                     text);
}

// With the record's own fact `handed_over`.
StoreMoved WithFact(const RecordType& type) {
  const auto* fact = type.FactField(kFact);
  if (fact == nullptr) Mistake(type, "records that are handed over need a fact handed_over");
  return [fact](Call& call, const Message& record, const HandOver& what) {
    auto message = rpc::NewMessage(fact->message_type());
    SetText(*message, "previous_owner", what.from());
    SetText(*message, "reason", what.reason());
    return call.Store(record, *message);
  };
}

Result<filter::CheckedFilter> OwnedBy(const RecordType& type, const std::string& owner,
                                      const filter::CheckedFilter& condition) {
  auto owned = filter::FieldEquals(type.filter_schema(), type.owner_field()->name(), owner);
  if (!owned.ok()) return owned;
  return owned->And(condition);
}

// What the caller may not hand over; nullopt: there is no such record.
Result<std::optional<filter::CheckedFilter>> BeyondScope(const Call& call, const RecordType& type) {
  auto scope = ScopeFilter(type, call.principal(), kAction);
  if (!scope.ok()) return std::optional(filter::CheckedFilter());
  if (!*scope) return std::optional<filter::CheckedFilter>();
  auto beyond = filter::ParseAndCheck("NOT (" + (*scope)->ToText() + ")", type.filter_schema());
  if (!beyond.ok()) return beyond.status();
  return std::optional(*beyond);
}

}  // namespace

HandOvers::HandOvers(std::vector<Movable> movables) {
  for (Movable& movable : movables) {
    const RecordType& type = *movable.type;
    if (type.owner_field() == nullptr) Mistake(type, "records that are handed over need an owner");
    if (movable.store == nullptr) movable.store = WithFact(type);
    auto condition = filter::ParseAndCheck(movable.condition, type.filter_schema());
    if (!condition.ok()) Mistake(type, condition.status().ToString());
    kinds_.push_back({std::move(movable), *condition});
  }
}

Result<HandOverProgress> HandOvers::Begin(Call& call, HandOver what) const {
  if (auto status = CheckUser(what.from(), "from"); !status.ok()) return status;
  if (auto status = CheckUser(what.to(), "to"); !status.ok()) return status;
  if (what.from() == what.to()) return InvalidField("to", "must be somebody else");
  for (const Kind& kind : kinds_) {
    auto status = CheckScope(call, kind, what.from());
    if (status.ok()) continue;
    if (!kind.movable.personal || status.code() != Code::kPermissionDenied) return status;
    what.set_leave_personal(true);
  }
  return MovePage(call, what);
}

Status HandOvers::CheckScope(Call& call, const Kind& kind, const std::string& from) const {
  const RecordType& type = *kind.movable.type;
  auto beyond = BeyondScope(call, type);
  if (!beyond.ok()) return beyond.status();
  if (!*beyond) return Status::Ok();
  auto owned = OwnedBy(type, from, kind.condition);
  if (!owned.ok()) return owned.status();
  auto wanted = owned->And(**beyond);
  ListQuery query;
  query.type = &type;
  query.tenant = call.tenant();
  query.now = call.now();
  query.filter = &wanted;
  query.limit = 1;
  // Past the call's own list, which would show only what is within the scope.
  auto rows = call.store().List(query, call.stop());
  if (!rows.ok()) return rows.status();
  return rows->empty() ? Status::Ok() : PermissionDenied(type.object(), kAction);
}

events::EventConsumer HandOvers::Consumer(std::string name) const {
  using identity::v1::UserEvent;
  events::EventConsumer consumer;
  consumer.name = std::move(name);
  consumer.sources = {"identity"};
  consumer.facts = events::FactNames<identity::v1::UserDismissed>();
  consumer.functions.insert(events::On<UserEvent>(
      [self = shared_from_this()](Call& call, const UserEvent& event, const events::Event&) {
        if (!event.has_dismissed()) return Status::Ok();
        return self->OnDismissed(call, event.user(), event.dismissed().successor());
      }));
  return consumer;
}

Status HandOvers::OnDismissed(Call& call, const identity::v1::User& user,
                              const std::string& successor) const {
  auto to = successor.empty() ? SuperiorOf(call, user) : Result<std::string>(successor);
  if (!to.ok()) return to.status();
  HandOver what;
  what.set_from(user.name());
  what.set_to(*to);
  what.set_reason(user.display_name() + " has left");
  return MovePageToWhoIsThere(call, what).status();
}

TimerHandler HandOvers::Timer() const {
  return {kAction, [self = shared_from_this()](Call& call, const FiredTimer& fired) -> Status {
            HandOver what;
            if (auto status = DecodeRecord(fired.timer.payload(), what); !status.ok())
              return status;
            return self->MovePageToWhoIsThere(call, what).status();
          }};
}

Result<HandOverProgress> HandOvers::MovePageToWhoIsThere(Call& call, HandOver what) const {
  auto progress = MovePage(call, what);
  if (progress.ok() || progress.status().reason() != "USER_DISMISSED") return progress;
  what.clear_to();
  return MovePage(call, what);
}

Result<HandOverProgress> HandOvers::MovePage(Call& call, const HandOver& what) const {
  std::string department;
  if (!what.to().empty()) {
    auto user = FindActiveUser(call, what.to(), "to");
    if (!user.ok()) return user.status();
    department = user->department();
  }
  HandOverProgress progress;
  size_t left = kPage;
  for (const Kind& kind : kinds_) {
    if (kind.movable.personal && (what.leave_personal() || what.to().empty())) continue;
    const RecordType& type = *kind.movable.type;
    auto wanted = OwnedBy(type, what.from(), kind.condition);
    if (!wanted.ok()) return wanted.status();
    ListQuery query;
    query.type = &type;
    query.filter = &*wanted;
    query.limit = left + 1;
    auto rows = call.List(query);
    if (!rows.ok()) return rows.status();
    if (rows->size() > left) {
      progress.pending = true;
      rows->resize(left);
    }
    for (const auto& row : *rows) {
      auto moved = MoveOne(call, kind, type.Name(row.record.id), what, department);
      if (!moved.ok()) return moved.status();
      progress.moved += *moved ? 1 : 0;
    }
    left -= rows->size();
  }
  if (progress.pending) {
    auto status = call.SetTimer(kAction, what.from(), call.now(), what);
    if (!status.ok()) return status;
  }
  return progress;
}

Result<bool> HandOvers::MoveOne(Call& call, const Kind& kind, const std::string& name,
                                const HandOver& what, const std::string& department) const {
  const RecordType& type = *kind.movable.type;
  auto loaded = call.FindMessage(type, name);
  if (!loaded.ok()) return loaded.status();
  filter::EvalContext context;
  context.now = call.now();
  // The list is a hint: what has changed since is left alone.
  bool still = *loaded != nullptr && !type.IsDeleted(**loaded) &&
               (*loaded)->GetReflection()->GetString(**loaded, type.owner_field()) == what.from() &&
               filter::Matches(kind.condition, **loaded, context);
  if (!still) return false;
  std::unique_ptr<Message> record((*loaded)->New());
  record->CopyFrom(**loaded);
  const auto* fields = record->GetReflection();
  fields->SetString(record.get(), type.owner_field(), what.to());
  if (type.department_field() != nullptr && !department.empty()) {
    fields->SetString(record.get(), type.department_field(), department);
  }
  if (auto status = kind.movable.store(call, *record, what); !status.ok()) return status;
  return true;
}

}  // namespace crm::people
