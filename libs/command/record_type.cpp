#include "libs/command/record_type.h"

#include <cstdio>
#include <cstdlib>

#include "crm/kernel/v1/records.pb.h"
#include "crm/options/v1/options.pb.h"
#include "libs/command/timestamps.h"
#include "libs/rpc/descriptors.h"

namespace crm {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

[[noreturn]] void Mistake(const Descriptor* message, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", message->full_name().c_str(), what.c_str());
  std::abort();
}

const options::v1::FieldOptions& OptionsOf(const FieldDescriptor* field) {
  return field->options().GetExtension(options::v1::field);
}

bool IsTimestamp(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field->message_type()->full_name() == "google.protobuf.Timestamp";
}

std::optional<ColumnKind> KindOf(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return ColumnKind::kBool;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_ENUM:
      return ColumnKind::kInt;
    case FieldDescriptor::CPPTYPE_STRING:
      return ColumnKind::kText;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (IsTimestamp(field)) return ColumnKind::kTime;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string Join(const std::vector<const FieldDescriptor*>& path, const char* separator) {
  std::string text;
  for (const auto* field : path) {
    if (!text.empty()) text += separator;
    text += field->name();
  }
  return text;
}

}  // namespace

RecordType::RecordType(const Descriptor* message) : message_(message) {
  if (!message->options().HasExtension(options::v1::entity)) Mistake(message, "no entity options");
  const auto& entity = message->options().GetExtension(options::v1::entity);
  table_ = entity.table();
  collection_ = entity.collection();
  object_ = entity.object();
  soft_delete_ = entity.soft_delete();
  index_revision_ = entity.index_revision();
  stamped_ = entity.stamped();
  if (table_.empty() || collection_.empty()) Mistake(message, "table or collection missing");
  if (entity.projection() == !entity.event().empty()) {
    Mistake(message, "exactly one of `projection` and `event` must be set");
  }
  if (stamped_ && entity.projection()) Mistake(message, "a projection cannot be stamped");
  FindStandardFields(entity.owner_field(), entity.department_field());
  if (!entity.projection()) FindEvent(entity.event());
  std::vector<const FieldDescriptor*> path;
  AddFields(filter::Schema(message), message, path);
  MakeSchema();
}

void RecordType::MakeSchema() {
  schema_ = std::make_unique<filter::Schema>(message_);
  schema_->SetSearchable(searchable_);
  schema_->SetGate([this](std::string_view path) -> std::optional<std::string> {
    const Column* column = FindColumn(path);
    if (column != nullptr && (column->filterable || column->sortable)) return std::nullopt;
    for (const auto& indexed : indexed_) {
      // All below it, and of a map any key: phones.e164, custom_fields.city.
      bool below = path.size() > indexed.field_path.size() &&
                   path.starts_with(indexed.field_path) && path[indexed.field_path.size()] == '.';
      if (path == indexed.field_path || below) return std::nullopt;
    }
    return "cannot be filtered or sorted by";
  });
}

void RecordType::FindStandardFields(const std::string& owner, const std::string& department) {
  name_ = message_->FindFieldByName("name");
  if (name_ == nullptr || name_->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
    Mistake(message_, "field `string name` missing");
  }
  etag_ = message_->FindFieldByName("etag");
  create_time_ = message_->FindFieldByName("create_time");
  update_time_ = message_->FindFieldByName("update_time");
  delete_time_ = message_->FindFieldByName("delete_time");
  if (soft_delete_ && delete_time_ == nullptr) Mistake(message_, "soft_delete needs delete_time");
  for (const auto& [field_name, target] :
       {std::pair{&owner, &owner_}, {&department, &department_}}) {
    if (field_name->empty()) continue;
    *target = message_->FindFieldByName(*field_name);
    if (*target == nullptr) Mistake(message_, "no field " + *field_name);
  }
}

void RecordType::FindEvent(const std::string& event_name) {
  event_ = message_->file()->pool()->FindMessageTypeByName(event_name);
  if (event_ == nullptr) Mistake(message_, "no event message " + event_name + " is linked");
  snapshot_ = event_->FindFieldByNumber(1);
  changed_ = event_->FindFieldByName("changed");
  old_ = event_->FindFieldByName("old");
  if (snapshot_ == nullptr || snapshot_->message_type() != message_) {
    Mistake(message_, event_name + ": field 1 is not the snapshot");
  }
  if (changed_ == nullptr || old_ == nullptr || old_->message_type() != message_) {
    Mistake(message_, event_name + ": `changed` or `old` missing");
  }
  if (FactField("created") == nullptr || FactField("updated") == nullptr) {
    Mistake(message_, event_name + ": oneof fact needs `created` and `updated`");
  }
  if (soft_delete_ && (FactField("deleted") == nullptr || FactField("undeleted") == nullptr)) {
    Mistake(message_, event_name + ": oneof fact needs `deleted` and `undeleted`");
  }
}

void RecordType::AddFields(const filter::Schema& all, const Descriptor* message,
                           std::vector<const FieldDescriptor*>& path) {
  // Deeper than this nothing of ours nests, and a recursive message must end somewhere.
  constexpr size_t kDepth = 4;
  if (path.size() >= kDepth) return;
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    path.push_back(field);
    bool below = AddField(all, path) && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                 !IsTimestamp(field) && !field->is_repeated();
    if (below) AddFields(all, field->message_type(), path);
    path.pop_back();
  }
}

bool RecordType::AddField(const filter::Schema& all,
                          const std::vector<const FieldDescriptor*>& path) {
  const FieldDescriptor* field = path.back();
  const auto& options = OptionsOf(field);
  std::string field_path = Join(path, ".");
  if (options.since_revision() > index_revision_) {
    Mistake(message_, field_path + ": since_revision is above the entity's index_revision");
  }
  if (options.searchable()) {
    searchable_.push_back(field_path);
    searchable_since_ = std::max(searchable_since_, static_cast<int>(options.since_revision()));
  }
  if (options.unique()) {
    if (path.size() != 1 || field->is_repeated()) {
      Mistake(message_, field_path + ": unique must be a plain field");
    }
    unique_.push_back(field);
  }
  bool standard_time = path.size() == 1 && (field == create_time_ || field == update_time_);
  bool parent = path.size() == 1 && (field == owner_ || field == department_);
  if (!options.filterable() && !options.sortable() && !standard_time && !parent) return true;
  auto resolved = all.Resolve(field_path);
  if (!resolved.ok()) Mistake(message_, resolved.status().ToString());
  if (field->is_repeated()) {
    indexed_.push_back({field_path, *resolved, options.since_revision()});
    return false;
  }
  auto kind = KindOf(field);
  if (!kind)
    Mistake(message_, field_path + ": a field of this type cannot be filterable or sortable");
  // Taken by the columns that every table of records has; see migrations/0000_kernel.sql.
  for (const char* taken : {"tenant", "id", "version", "index_revision", "deleted", "occurred_at",
                            "body", "search_text"}) {
    if (Join(path, "_") == taken)
      Mistake(message_, field_path + ": the kernel uses this column name");
  }
  // Set from the first version on.
  if (standard_time && !projection()) resolved->can_be_unset = false;
  columns_.push_back({Join(path, "_"), field_path, *kind, *resolved,
                      options.filterable() || standard_time || parent,
                      options.sortable() || standard_time, options.since_revision()});
  return true;
}

const Column* RecordType::FindColumn(std::string_view field_path) const {
  for (const auto& column : columns_) {
    if (column.field_path == field_path) return &column;
  }
  return nullptr;
}

const FieldDescriptor* RecordType::FactField(const Descriptor* fact) const {
  const auto* oneof = event_->FindOneofByName("fact");
  for (int i = 0; oneof != nullptr && i < oneof->field_count(); ++i) {
    if (oneof->field(i)->message_type() == fact) return oneof->field(i);
  }
  return nullptr;
}

const FieldDescriptor* RecordType::FactField(std::string_view name) const {
  const auto* field = event_->FindFieldByName(std::string(name));
  bool in_fact = field != nullptr && field->containing_oneof() != nullptr &&
                 field->containing_oneof()->name() == "fact";
  return in_fact ? field : nullptr;
}

std::unique_ptr<Message> RecordType::NewMessage() const {
  return rpc::NewMessage(message_);
}

std::unique_ptr<Message> RecordType::NewEvent() const {
  return rpc::NewMessage(event_);
}

std::string RecordType::Name(const Uuid& id) const {
  return collection_ + "/" + id.ToString();
}

Result<Uuid> RecordType::ParseName(std::string_view name) const {
  if (name.starts_with(collection_) && name.size() > collection_.size() &&
      name[collection_.size()] == '/') {
    if (auto id = Uuid::Parse(name.substr(collection_.size() + 1))) return *id;
  }
  return InvalidField("name", "must have the form " + collection_ + "/{uuid}");
}

std::string RecordType::NameOf(const Message& message) const {
  return message.GetReflection()->GetString(message, name_);
}

bool RecordType::IsDeleted(const Message& message) const {
  return delete_time_ != nullptr && message.GetReflection()->HasField(message, delete_time_);
}

RecordTypes::RecordTypes(const std::vector<const Descriptor*>& messages) {
  std::vector<const Descriptor*> all = messages;
  all.insert(all.end(),
             {kernel::v1::IdempotencyKey::descriptor(), kernel::v1::UniqueClaim::descriptor(),
              kernel::v1::CollectionStamp::descriptor(), kernel::v1::InboxEntry::descriptor(),
              kernel::v1::DeadLetter::descriptor(), kernel::v1::Timer::descriptor(),
              kernel::v1::Effect::descriptor(), kernel::v1::RelayCursor::descriptor()});
  for (const auto* message : all) {
    auto type = std::make_unique<RecordType>(message);
    by_message_[message] = type.get();
    if (!by_collection_.emplace(type->collection(), type.get()).second) {
      Mistake(message, "collection " + type->collection() + " is taken");
    }
    types_.push_back(std::move(type));
  }
}

const RecordType* RecordTypes::Find(const Descriptor* message) const {
  auto found = by_message_.find(message);
  return found == by_message_.end() ? nullptr : found->second;
}

const RecordType& RecordTypes::Of(const Descriptor* message) const {
  const RecordType* type = Find(message);
  if (type == nullptr) Mistake(message, "no record of this service; Records() must name it");
  return *type;
}

const RecordType* RecordTypes::FindCollection(std::string_view collection) const {
  auto found = by_collection_.find(collection);
  return found == by_collection_.end() ? nullptr : found->second;
}

const RecordType* RecordTypes::FindName(std::string_view name) const {
  return FindCollection(name.substr(0, name.find('/')));
}

Time GetTimestamp(const Message& message, const FieldDescriptor* field) {
  return ToTime(static_cast<const google::protobuf::Timestamp&>(
      message.GetReflection()->GetMessage(message, field)));
}

void SetTimestamp(Message& message, const FieldDescriptor* field, Time time) {
  auto* timestamp = static_cast<google::protobuf::Timestamp*>(
      message.GetReflection()->MutableMessage(&message, field));
  *timestamp = ToTimestamp(time);
}

}  // namespace crm
