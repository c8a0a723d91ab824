// The writing half of Crud.
#include "libs/command/event_builder.h"
#include "libs/entity/crud.h"
#include "libs/entity/normalize.h"
#include "libs/entity/options.h"
#include "libs/entity/validate.h"

namespace crm::entity {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;

namespace {

MessagePtr Copy(const Message& message) {
  MessagePtr copy(message.New());
  copy->MergeFrom(message);
  return copy;
}

// At every depth: a client that sends back what it has read is not to be told off for it.
void ClearServerFields(Message& message) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (OutputOnly(field)) {
      reflection->ClearField(&message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()) {
      ClearServerFields(*reflection->MutableMessage(&message, field));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        ClearServerFields(*reflection->MutableRepeatedMessage(&message, field, i));
      }
    }
  }
}

Status CheckEtag(Call& call, const RecordKey& key, std::string_view etag) {
  int64_t version = call.VersionOf(key);
  if (etag.empty() || EtagVersion(std::string(etag)) == version) return Status::Ok();
  return Status(Code::kAborted, "ETAG_MISMATCH",
                "The record was changed since you read it; read it again, see whether your change "
                "still "
                "makes sense, and send it with the new etag.")
      .With("name", key.name())
      .With("etag", "v" + std::to_string(version));
}

Status CheckImmutable(const RecordType& type, const Message& before, const Message& after,
                      std::string_view path) {
  for (const FieldDescriptor* field : ChangedFields(type, &before, after)) {
    if (!Behaves(field, google::api::IMMUTABLE)) continue;
    std::string where = std::string(path) + "." + field->name();
    return InvalidArgument("FIELD_IMMUTABLE",
                           where + " is set when the record is created and never changes.")
        .With("field", where)
        .Violates(where, "cannot be changed after the creation");
  }
  return Status::Ok();
}

}  // namespace

Crud::Crud(const RecordType& type, Settings settings, Hooks hooks, std::vector<std::string> verbs)
    : type_(type),
      settings_(std::move(settings)),
      hooks_(std::move(hooks)),
      mask_(type, std::move(verbs)) {}

Result<MessagePtr> Crud::Loaded(Call& call, std::string_view name, std::string_view etag,
                                bool with_deleted) const {
  auto loaded = call.LoadMessage(type_, name, with_deleted);
  if (!loaded.ok()) return loaded.status();
  RecordKey key{&type_, call.tenant(), *type_.ParseName(name)};
  if (auto status = CheckEtag(call, key, etag); !status.ok()) return status;
  return Copy(**loaded);
}

Status Crud::Check(Call& call, const Message* before, Message& after, std::string_view path) const {
  Normalize(settings_.phone_region, after);
  if (auto status = Validate(call, type_, before, after, path); !status.ok()) return status;
  return hooks_.validate ? hooks_.validate(call, before, after) : Status::Ok();
}

Result<MessagePtr> Crud::Stored(Call& call, const Message& record, std::string_view fact,
                                std::optional<Time> occurred) const {
  if (auto status = call.StoreWithFact(record, fact, occurred); !status.ok()) return status;
  auto stored = call.FindMessage(type_, type_.NameOf(record));
  if (!stored.ok()) return stored.status();
  return Copy(**stored);
}

Result<MessagePtr> Crud::Create(Call& call, const Message& body, std::optional<Uuid> id,
                                std::string_view path, std::optional<Time> occurred) const {
  MessagePtr record = Copy(body);
  ClearServerFields(*record);
  ClearEtag(type_, *record);
  std::string name = type_.Name(id ? *id : call.NewId());
  record->GetReflection()->SetString(record.get(), type_.name_field(), name);
  call.ExpectAbsent(type_, name);
  auto existing = call.FindMessage(type_, name);
  if (!existing.ok()) return existing.status();
  if (*existing != nullptr) {
    return Status(Code::kAlreadyExists, "RESOURCE_EXISTS",
                  name + " exists already; choose another id.")
        .With("name", name);
  }
  if (hooks_.defaults) {
    if (auto status = hooks_.defaults(call, *record); !status.ok()) return status;
  }
  if (auto status = Check(call, nullptr, *record, path); !status.ok()) return status;
  return Stored(call, *record, "created", occurred);
}

Status Crud::CheckMask(const FieldMask& mask, const Message& body) const {
  return mask_.Resolve(mask, body).status();
}

Result<MessagePtr> Crud::Update(Call& call, const Message& body, const FieldMask& mask,
                                std::string_view path) const {
  std::string name = type_.NameOf(body);
  if (!type_.ParseName(name).ok()) {
    return InvalidField(std::string(path) + ".name",
                        "must have the form " + type_.collection() + "/{uuid}");
  }
  auto paths = mask_.Resolve(mask, body);
  if (!paths.ok()) return paths.status();
  std::string etag;
  if (type_.etag_field() != nullptr)
    etag = body.GetReflection()->GetString(body, type_.etag_field());
  auto before = Loaded(call, name, etag, false);
  if (!before.ok()) return before;

  MessagePtr after = Copy(**before);
  for (const auto& field : *paths) ApplyPath(field, body, *after);
  if (hooks_.before_update) {
    if (auto status = hooks_.before_update(call, **before, *after); !status.ok()) return status;
  }
  if (auto status = CheckImmutable(type_, **before, *after, path); !status.ok()) return status;
  if (auto status = Check(call, before->get(), *after, path); !status.ok()) return status;
  if (ChangedFields(type_, before->get(), *after).empty()) return before;
  return Stored(call, *after, "updated");
}

Result<MessagePtr> Crud::Delete(Call& call, std::string_view name, std::string_view etag) const {
  auto record = Loaded(call, name, etag, false);
  if (!record.ok()) return record;
  if (hooks_.validate_delete) {
    if (auto status = hooks_.validate_delete(call, **record); !status.ok()) return status;
  }
  SetTimestamp(**record, type_.delete_time_field(), call.now());
  return Stored(call, **record, "deleted");
}

Result<MessagePtr> Crud::Undelete(Call& call, std::string_view name, std::string_view etag) const {
  auto record = Loaded(call, name, etag, true);
  if (!record.ok()) return record;
  if (!type_.IsDeleted(**record)) {
    return Status(Code::kAlreadyExists, "NOT_DELETED", std::string(name) + " is not deleted.")
        .With("name", std::string(name));
  }
  MessagePtr after = Copy(**record);
  after->GetReflection()->ClearField(after.get(), type_.delete_time_field());
  // It comes back only as what could be stored today.
  if (hooks_.validate) {
    if (auto status = hooks_.validate(call, record->get(), *after); !status.ok()) return status;
  }
  return Stored(call, *after, "undeleted");
}

}  // namespace crm::entity
