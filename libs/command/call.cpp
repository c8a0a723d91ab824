#include "libs/command/call.h"

#include <google/protobuf/field_mask.pb.h>

#include "libs/base/planted_bug.h"
#include "libs/command/access.h"
#include "libs/command/event_builder.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"

namespace crm {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

// Records with events count from 1. What can be erased begins with a number that no earlier life of
// the name had, so that a check of a version from before an erasure never holds again.
int64_t FirstVersion(const RecordKey& key, const CallContext& context) {
  if (!key.type->projection()) return 1;
  auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(context.now.time_since_epoch());
  return micros.count() << 8 | context.id.bytes[15];
}

}  // namespace

Call::Call(const CallServices& services, const CallContext& context)
    : services_(services), context_(context) {}

Call::~Call() = default;

Status Call::ActAs(Principal principal) {
  if (context_.principal.authenticated() || acting_ || !records_.empty()) {
    return Internal("only a call of nobody may act as somebody, and from its beginning");
  }
  acting_ = std::move(principal);
  return Status::Ok();
}

Uuid Call::NewId() {
  return NewId("#" + std::to_string(++ids_given_));
}

Uuid Call::NewId(std::string_view label) const {
  return DeriveUuid7(context_.now, context_.id, label);
}

void Call::ExpectAbsent(const RecordType& type, std::string_view name) {
  auto id = type.ParseName(name);
  if (id.ok()) expected_absent_.insert({&type, tenant(), *id});
}

Result<std::optional<StoredRecord>> Call::Read(const RecordKey& key, uint64_t& based_on) {
  Committer* committer = services_.committer;
  if (committer != nullptr) {
    if (auto pending = committer->Pending(key)) {
      based_on = pending->writer;
      return std::optional(std::move(pending->record));
    }
    if (!context_.again) {
      if (auto recent = committer->recent().Find(key)) return recent;
      if (expected_absent_.contains(key)) return std::optional<StoredRecord>();
    }
  }
  auto stored = services_.store->Get(key, context_.stop);
  if (stored.ok() && committer != nullptr) {
    committer->recent().Put(key, stored->value_or(StoredRecord()));
  }
  return stored;
}

Result<Call::Touched*> Call::Touch(const RecordType& type, std::string_view name) {
  auto id = type.ParseName(name);
  if (!id.ok()) return id.status();
  RecordKey key{&type, tenant(), *id};
  auto found = records_.find(key);
  if (found != records_.end()) return found->second.get();

  auto touched = std::make_unique<Touched>();
  touched->key = key;
  auto read = Read(key, touched->based_on);
  if (!read.ok()) return read.status();
  const std::optional<StoredRecord>& stored = *read;
  if (stored && stored->version > 0) {
    std::shared_ptr<Message> message = type.NewMessage();
    if (auto status = DecodeRecord(stored->body, *message); !status.ok()) return status;
    SetEtag(type, stored->version, *message);
    touched->loaded_version = touched->version = stored->version;
    touched->occurred = stored->occurred;
    touched->current = std::move(message);
  }
  return records_.emplace(key, std::move(touched)).first->second.get();
}

bool Call::IsNew(std::string_view name) const {
  const RecordType* type = services_.types->FindName(name);
  if (type == nullptr) return false;
  auto id = type->ParseName(name);
  if (!id.ok()) return false;
  auto found = records_.find({type, tenant(), *id});
  return found != records_.end() && found->second->loaded_version == 0 && found->second->written;
}

bool Call::Visible(const RecordType& type, const Message& message) const {
  if (context_.object.empty() || type.object() != context_.object) return true;
  return MaySee(type, principal(), context_.action, message, context_.now);
}

Result<const Message*> Call::LoadMessage(const RecordType& type, std::string_view name,
                                         bool with_deleted) {
  auto touched = Touch(type, name);
  if (!touched.ok()) return touched.status();
  const Message* message = (*touched)->current.get();
  if (message == nullptr || (!with_deleted && type.IsDeleted(*message)) ||
      !Visible(type, *message)) {
    return NotFound(name);
  }
  return message;
}

Result<const Message*> Call::FindMessage(const RecordType& type, std::string_view name) {
  auto touched = Touch(type, name);
  if (!touched.ok()) return touched.status();
  return static_cast<const Message*>((*touched)->current.get());
}

Result<std::shared_ptr<const Message>> Call::PeekMessage(const RecordType& type,
                                                         std::string_view name) {
  auto id = type.ParseName(name);
  if (!id.ok()) return id.status();
  auto stored = services_.store->Get({&type, tenant(), *id}, context_.stop);
  if (!stored.ok()) return stored.status();
  if (!*stored) return std::shared_ptr<const Message>();
  std::shared_ptr<Message> message = type.NewMessage();
  if (auto status = DecodeRecord((*stored)->body, *message); !status.ok()) return status;
  SetEtag(type, (*stored)->version, *message);
  return std::shared_ptr<const Message>(std::move(message));
}

Result<std::vector<ListedRecord>> Call::List(ListQuery query) {
  query.tenant = tenant();
  query.now = context_.now;
  std::optional<filter::CheckedFilter> restricted;
  if (query.type->object() == context_.object) {
    auto scope = ScopeFilter(*query.type, principal(), context_.action);
    if (!scope.ok()) return scope.status();
    if (*scope) {
      restricted = query.filter == nullptr ? **scope : query.filter->And(**scope);
      query.filter = &*restricted;
    }
  }
  return services_.store->List(query, context_.stop);
}

Status Call::Write(Touched& touched, std::unique_ptr<Message> record) {
  if (context_.past) return Internal("a call about the past cannot store");
  if (!touched.written) order_.push_back(&touched);
  touched.written = true;
  touched.erased = false;
  touched.version =
      touched.version == 0 ? FirstVersion(touched.key, context_) : touched.version + 1;
  SetEtag(*touched.key.type, touched.version, *record);
  touched.current = std::move(record);
  return Status::Ok();
}

Status Call::Store(const Message& record, const Message& fact, std::optional<Time> occurred_at) {
  const RecordType* type = services_.types->Find(record.GetDescriptor());
  if (type == nullptr || type->projection()) {
    return Internal(record.GetTypeName() + " is not a record with events");
  }
  const FieldDescriptor* field = type->FactField(fact.GetDescriptor());
  if (field == nullptr) {
    return Internal(fact.GetTypeName() + " is no fact of " + type->event()->full_name());
  }
  auto touched = Touch(*type, type->NameOf(record));
  if (!touched.ok()) return touched.status();
  return Append(**touched, record, field, &fact, occurred_at);
}

Status Call::StoreWithFact(const Message& record, std::string_view fact_name,
                           std::optional<Time> occurred_at) {
  const RecordType* type = services_.types->Find(record.GetDescriptor());
  if (type == nullptr || type->projection()) {
    return Internal(record.GetTypeName() + " is not a record with events");
  }
  const FieldDescriptor* field = type->FactField(fact_name);
  if (field == nullptr) return Internal("no fact " + std::string(fact_name));
  auto touched = Touch(*type, type->NameOf(record));
  if (!touched.ok()) return touched.status();
  return Append(**touched, record, field, nullptr, occurred_at);
}

Status Call::Append(Touched& touched, const Message& record, const FieldDescriptor* fact_field,
                    const Message* fact, std::optional<Time> occurred_at) {
  const RecordType& type = *touched.key.type;
  Time occurred = occurred_at.value_or(context_.now);
  if (occurred < touched.occurred) {
    if (occurred_at) {
      return Status(Code::kInvalidArgument, "OCCURRED_BEFORE_LAST",
                    "The record's last change occurred at " + FormatTime(touched.occurred) +
                        "; a later one cannot have occurred before it.")
          .With("name", touched.key.name())
          .With("last_occurred_time", FormatTime(touched.occurred));
    }
    occurred = touched.occurred;
  }
  std::shared_ptr<const Message> before = touched.current;
  std::unique_ptr<Message> after(record.New());
  after->MergeFrom(record);
  if (type.create_time_field() != nullptr && before == nullptr) {
    SetTimestamp(*after, type.create_time_field(), context_.now);
  }
  if (type.update_time_field() != nullptr) {
    SetTimestamp(*after, type.update_time_field(), context_.now);
  }
  if (auto status = MoveClaims(touched, before.get(), *after); !status.ok()) return status;
  if (auto status = Restamp(type); !status.ok()) return status;
  ClearEtag(type, *after);
  auto event = BuildEvent(type, before.get(), *after, fact_field, fact);
  if (auto status = Write(touched, std::move(after)); !status.ok()) return status;
  touched.occurred = occurred;

  kernel::v1::LogRow row;
  row.set_tenant(tenant().bytes.data(), tenant().bytes.size());
  row.set_subject(touched.key.name());
  row.set_version(touched.version);
  row.set_event_id(NewId(row.subject() + "@" + std::to_string(row.version())).ToString());
  row.set_type(fact_field->message_type()->full_name());
  row.set_payload_type(type.event()->full_name());
  row.set_body(EncodeRecord(*event));
  row.set_actor(principal().name);
  row.set_correlation(context_.cause.correlation);
  row.set_causation(context_.cause.causation);
  row.set_run(run_.empty() ? context_.cause.run : run_);
  row.set_traceparent(context_.cause.traceparent);
  row.set_origin(context_.origin);
  *row.mutable_occurred_time() = ToTimestamp(occurred);
  if (!PlantedBugNow("skip_log_row")) log_.push_back(std::move(row));
  return Status::Ok();
}

Status Call::MoveClaims(Touched& touched, const Message* before, const Message& after) {
  const RecordType& type = *touched.key.type;
  const RecordType& claims = services_.types->Of(kernel::v1::UniqueClaim::descriptor());
  bool was_live = before != nullptr && !type.IsDeleted(*before);
  bool is_live = !type.IsDeleted(after);
  for (const FieldDescriptor* field : type.unique()) {
    std::string old_value =
        was_live ? before->GetReflection()->GetString(*before, field) : std::string();
    std::string new_value =
        is_live ? after.GetReflection()->GetString(after, field) : std::string();
    if (old_value == new_value) continue;
    auto claim_name = [&](const std::string& value) {
      return claims.Name(NamedUuid(type.table() + "." + field->name(), value));
    };
    if (!old_value.empty()) {
      if (auto status = Erase(claims, claim_name(old_value)); !status.ok()) return status;
    }
    if (new_value.empty()) continue;
    const std::string name = claim_name(new_value);
    ExpectAbsent(claims, name);
    auto held = Find<kernel::v1::UniqueClaim>(name);
    if (!held.ok()) return held.status();
    if (*held && (*held)->holder() != touched.key.name()) {
      return Status(Code::kAlreadyExists, "VALUE_TAKEN",
                    "Another " + type.object() + " has this " + field->name() +
                        "; use that record or choose another value.")
          .With("field", field->name())
          .With("holder", (*held)->holder())
          .Violates(field->name(), "is taken by " + (*held)->holder());
    }
    kernel::v1::UniqueClaim claim;
    claim.set_name(name);
    claim.set_holder(touched.key.name());
    if (auto status = Project(claim); !status.ok()) return status;
  }
  return Status::Ok();
}

Status Call::Project(const Message& record) {
  const RecordType* type = services_.types->Find(record.GetDescriptor());
  if (type == nullptr || !type->projection()) {
    return Internal(record.GetTypeName() + " is not a projection");
  }
  auto touched = Touch(*type, type->NameOf(record));
  if (!touched.ok()) return touched.status();
  std::unique_ptr<Message> copy(record.New());
  copy->MergeFrom(record);
  return Write(**touched, std::move(copy));
}

Status Call::Erase(const RecordType& type, std::string_view name) {
  if (!type.projection()) return Internal("a record with events cannot be erased");
  auto touched = Touch(type, name);
  if (!touched.ok()) return touched.status();
  if ((*touched)->current == nullptr) return Status::Ok();
  if (!(*touched)->written) order_.push_back(*touched);
  (*touched)->written = (*touched)->erased = true;
  (*touched)->current = nullptr;
  return Status::Ok();
}

Status Call::Ask(const std::string& method, const Message& request, Message& response) {
  if (services_.remote == nullptr) return Internal("this service asks no other");
  return services_.remote->Read(principal(), method, request, response, context_.stop);
}

Status Call::AskAsSystem(const std::string& method, const Message& request, Message& response) {
  if (services_.remote == nullptr) return Internal("this service asks no other");
  return services_.remote->Read(Principal::System(tenant(), services_.service), method, request,
                                response, context_.stop);
}

int64_t Call::VersionOf(const RecordKey& key) const {
  auto found = records_.find(key);
  return found == records_.end() ? 0 : found->second->version;
}

void Call::Complete(Message& response) const {
  if (order_.empty()) return;  // nothing was written that could differ
  const RecordType* type = services_.types->Find(response.GetDescriptor());
  if (type != nullptr) {
    auto id = type->ParseName(type->NameOf(response));
    if (!id.ok()) return;
    auto found = records_.find({type, tenant(), *id});
    if (found != records_.end() && found->second->written && found->second->current != nullptr) {
      response.CopyFrom(*found->second->current);
    }
    return;
  }
  const auto* reflection = response.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(response, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (!field->is_repeated()) {
      Complete(*reflection->MutableMessage(&response, field));
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(response, field); ++i) {
      Complete(*reflection->MutableRepeatedMessage(&response, field, i));
    }
  }
}

std::unique_ptr<WriteSet> Call::TakeWriteSet() {
  auto set = std::make_unique<WriteSet>();
  set->tenant = tenant();
  for (const auto& [key, touched] : records_) {
    set->checks.push_back({key, touched->loaded_version, touched->based_on});
  }
  for (const Touched* touched : order_) {
    if (touched->erased) {
      if (touched->loaded_version == 0) continue;  // made and erased by this very call
      RecordWrite erase;
      erase.key = touched->key;
      set->records.push_back(std::move(erase));
      continue;
    }
    std::unique_ptr<Message> bare(touched->current->New());
    bare->MergeFrom(*touched->current);
    ClearEtag(*touched->key.type, *bare);
    set->records.push_back(MakeRecordWrite(touched->key, touched->version, *bare));
    set->records.back().occurred = touched->occurred;
    set->records.back().is_new = touched->loaded_version == 0;
  }
  set->log = std::move(log_);
  return set;
}

}  // namespace crm
