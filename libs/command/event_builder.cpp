#include "libs/command/event_builder.h"

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/util/message_differencer.h>

#include <charconv>

namespace crm {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;

namespace {

bool IsSet(const Message& message, const FieldDescriptor* field) {
  return field->is_repeated() ? message.GetReflection()->FieldSize(message, field) > 0
                              : message.GetReflection()->HasField(message, field);
}

// Messages and repeated fields are compared by protobuf's differencer, which costs as much as all
// other work on an event; most fields are unset on both sides or single values.
bool SameField(const Message& before, const Message& after, const FieldDescriptor* field) {
  const bool set = IsSet(before, field);
  if (set != IsSet(after, field)) return false;
  if (!set) return true;
  const auto& reflection = *before.GetReflection();
  if (!field->is_repeated()) {
    std::string first, second;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.GetStringReference(before, field, &first) ==
               reflection.GetStringReference(after, field, &second);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.GetEnumValue(before, field) == reflection.GetEnumValue(after, field);
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.GetBool(before, field) == reflection.GetBool(after, field);
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.GetInt32(before, field) == reflection.GetInt32(after, field);
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.GetInt64(before, field) == reflection.GetInt64(after, field);
      default:
        break;
    }
  }
  google::protobuf::util::MessageDifferencer differencer;
  return differencer.CompareWithFields(before, after, {field}, {field});
}

// Moving fields between messages needs them to be given up: a copy of the source is swapped.
void CopyFields(const Message& from, const std::vector<const FieldDescriptor*>& fields,
                Message& to) {
  std::unique_ptr<Message> copy(from.New());
  copy->MergeFrom(from);
  to.GetReflection()->SwapFields(&to, copy.get(), fields);
}

}  // namespace

std::vector<const FieldDescriptor*> ChangedFields(const RecordType& type, const Message* before,
                                                  const Message& after) {
  std::unique_ptr<Message> nothing;
  if (before == nullptr) {
    nothing.reset(after.New());
    before = nothing.get();
  }
  std::vector<const FieldDescriptor*> changed;
  for (int i = 0; i < type.message()->field_count(); ++i) {
    const FieldDescriptor* field = type.message()->field(i);
    if (field == type.etag_field() || field == type.update_time_field() ||
        field == type.create_time_field()) {
      continue;
    }
    if (!SameField(*before, after, field)) changed.push_back(field);
  }
  return changed;
}

void CopyField(const Message& from, const FieldDescriptor* field, Message& to) {
  to.GetReflection()->ClearField(&to, field);
  if (IsSet(from, field)) CopyFields(from, {field}, to);
}

std::unique_ptr<Message> BuildEvent(const RecordType& type, const Message* before,
                                    const Message& after, const FieldDescriptor* fact_field,
                                    const Message* fact) {
  auto event = type.NewEvent();
  const auto* reflection = event->GetReflection();
  reflection->MutableMessage(event.get(), type.snapshot_field())->MergeFrom(after);
  auto* mask =
      static_cast<FieldMask*>(reflection->MutableMessage(event.get(), type.changed_field()));
  const auto changed = ChangedFields(type, before, after);
  for (const FieldDescriptor* field : changed) mask->add_paths(field->name());
  if (before != nullptr && !changed.empty()) {
    CopyFields(*before, changed, *reflection->MutableMessage(event.get(), type.old_field()));
  }
  Message* slot = reflection->MutableMessage(event.get(), fact_field);
  if (fact != nullptr) slot->MergeFrom(*fact);
  return event;
}

std::string EtagOf(int64_t version) {
  return "v" + std::to_string(version);
}

void SetEtag(const RecordType& type, int64_t version, Message& message) {
  if (type.etag_field() == nullptr) return;
  message.GetReflection()->SetString(&message, type.etag_field(), EtagOf(version));
}

void ClearEtag(const RecordType& type, Message& message) {
  if (type.etag_field() != nullptr)
    message.GetReflection()->ClearField(&message, type.etag_field());
}

int64_t EtagVersion(const std::string& etag) {
  int64_t version = 0;
  if (etag.size() < 2 || etag[0] != 'v') return 0;
  auto [end, error] = std::from_chars(etag.data() + 1, etag.data() + etag.size(), version);
  return error == std::errc() && end == etag.data() + etag.size() ? version : 0;
}

}  // namespace crm
