#include "libs/entity/hand_over.h"

#include <cstdio>
#include <cstdlib>

#include "libs/command/access.h"
#include "libs/command/record_codec.h"
#include "libs/filter/evaluate.h"

namespace crm::entity {

using google::protobuf::Message;
using kernel::v1::HandOver;

namespace {

constexpr char kAction[] = "hand_over";

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

// Asked by name, since this library knows no service's messages.
Result<std::string> HeadOf(Call& call, const std::string& department) {
  Status nobody = FailedPrecondition("NO_SUCCESSOR",
                                     "Neither a successor nor the head of a department is known; "
                                     "hand the records over by hand.");
  if (department.empty()) return nobody;
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      "crm.identity.v1.DepartmentService.GetDepartment");
  if (method == nullptr) return Internal("the service identity is not known to this program");
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  std::unique_ptr<Message> request(factory->GetPrototype(method->input_type())->New());
  std::unique_ptr<Message> answer(factory->GetPrototype(method->output_type())->New());
  SetText(*request, "name", department);
  auto status =
      call.AskAsSystem("crm.identity.v1.DepartmentService/GetDepartment", *request, *answer);
  if (!status.ok()) return status;
  std::string head =
      answer->GetReflection()->GetString(*answer, answer->GetDescriptor()->FindFieldByName("head"));
  if (head.empty()) return nobody;
  return head;
}

}  // namespace

HandOvers::HandOvers(std::vector<Movable> movables) {
  for (const Movable& movable : movables) {
    const RecordType& type = *movable.type;
    const auto* fact = type.FactField("handed_over");
    if (type.owner_field() == nullptr || fact == nullptr) {
      Mistake(type, "records that are handed over need an owner and a fact handed_over");
    }
    auto condition = filter::ParseAndCheck(movable.condition, type.filter_schema());
    if (!condition.ok()) Mistake(type, condition.status().ToString());
    kinds_.push_back({&type, *condition, fact});
  }
}

Result<HandOverProgress> HandOvers::Begin(Call& call, const HandOver& what) const {
  if (auto status = CheckUser(what.from(), "from"); !status.ok()) return status;
  if (auto status = CheckUser(what.to(), "to"); !status.ok()) return status;
  if (what.from() == what.to()) return InvalidField("to", "must be somebody else");
  for (const Kind& kind : kinds_) {
    auto scope = ScopeFilter(*kind.type, call.principal(), kAction);
    if (!scope.ok()) return scope.status();
    if (*scope) return PermissionDenied(kind.type->object(), kAction);
  }
  return MovePage(call, what);
}

Status HandOvers::OnDismissed(Call& call, const std::string& user, const std::string& successor,
                              const std::string& department) const {
  auto to = successor.empty() ? HeadOf(call, department) : Result<std::string>(successor);
  if (!to.ok()) return to.status();
  HandOver what;
  what.set_from(user);
  what.set_to(*to);
  what.set_reason("dismissed");
  return Begin(call, what).status();
}

TimerHandler HandOvers::Timer() const {
  return {kAction, [self = shared_from_this()](Call& call, const FiredTimer& fired) -> Status {
            HandOver what;
            if (auto status = DecodeRecord(fired.timer.payload(), what); !status.ok())
              return status;
            return self->MovePage(call, what).status();
          }};
}

Result<HandOverProgress> HandOvers::MovePage(Call& call, const HandOver& what) const {
  HandOverProgress progress;
  size_t left = kPage;
  for (const Kind& kind : kinds_) {
    auto owned = filter::FieldEquals(kind.type->filter_schema(), kind.type->owner_field()->name(),
                                     what.from());
    if (!owned.ok()) return owned.status();
    auto wanted = owned->And(kind.condition);
    ListQuery query;
    query.type = kind.type;
    query.filter = &wanted;
    query.limit = left + 1;
    auto rows = call.List(query);
    if (!rows.ok()) return rows.status();
    if (rows->size() > left) {
      progress.pending = true;
      rows->resize(left);
    }
    for (const auto& row : *rows) {
      auto moved = MoveOne(call, kind, kind.type->Name(row.record.id), what);
      if (!moved.ok()) return moved.status();
      progress.moved += *moved ? 1 : 0;
    }
    left -= rows->size();
  }
  if (progress.pending) {
    if (auto status = call.SetTimer(kAction, what.from(), call.now(), what); !status.ok()) {
      return status;
    }
  }
  return progress;
}

Result<bool> HandOvers::MoveOne(Call& call, const Kind& kind, const std::string& name,
                                const HandOver& what) const {
  auto loaded = call.FindMessage(*kind.type, name);
  if (!loaded.ok()) return loaded.status();
  const auto* owner = kind.type->owner_field();
  filter::EvalContext context;
  context.now = call.now();
  // The list is a hint: what has changed since is left alone.
  bool still = *loaded != nullptr && !kind.type->IsDeleted(**loaded) &&
               (*loaded)->GetReflection()->GetString(**loaded, owner) == what.from() &&
               filter::Matches(kind.condition, **loaded, context);
  if (!still) return false;
  std::unique_ptr<Message> record((*loaded)->New());
  record->CopyFrom(**loaded);
  SetText(*record, owner->name().c_str(), what.to());
  std::unique_ptr<Message> fact(google::protobuf::MessageFactory::generated_factory()
                                    ->GetPrototype(kind.fact->message_type())
                                    ->New());
  SetText(*fact, "previous_owner", what.from());
  SetText(*fact, "reason", what.reason());
  if (auto status = call.Store(*record, *fact); !status.ok()) return status;
  return true;
}

}  // namespace crm::entity
