#include "libs/command/event_builder.h"

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/util/message_differencer.h>

#include <charconv>

namespace crm {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;

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
    google::protobuf::util::MessageDifferencer differencer;
    if (!differencer.CompareWithFields(*before, after, {field}, {field})) changed.push_back(field);
  }
  return changed;
}

void CopyField(const Message& from, const FieldDescriptor* field, Message& to) {
  to.GetReflection()->ClearField(&to, field);
  bool set = field->is_repeated() ? from.GetReflection()->FieldSize(from, field) > 0
                                  : from.GetReflection()->HasField(from, field);
  if (!set) return;
  // Moving a field between messages needs them to give it up: a copy of the source is swapped.
  std::unique_ptr<Message> copy(from.New());
  copy->CopyFrom(from);
  to.GetReflection()->SwapFields(&to, copy.get(), {field});
}

std::unique_ptr<Message> BuildEvent(const RecordType& type, const Message* before,
                                    const Message& after, const FieldDescriptor* fact_field,
                                    const Message* fact) {
  auto event = type.NewEvent();
  const auto* reflection = event->GetReflection();
  reflection->MutableMessage(event.get(), type.snapshot_field())->CopyFrom(after);
  auto* mask =
      static_cast<FieldMask*>(reflection->MutableMessage(event.get(), type.changed_field()));
  Message* old = nullptr;
  for (const FieldDescriptor* field : ChangedFields(type, before, after)) {
    mask->add_paths(field->name());
    if (before == nullptr) continue;
    if (old == nullptr) old = reflection->MutableMessage(event.get(), type.old_field());
    CopyField(*before, field, *old);
  }
  Message* slot = reflection->MutableMessage(event.get(), fact_field);
  if (fact != nullptr) slot->CopyFrom(*fact);
  return event;
}

void SetEtag(const RecordType& type, int64_t version, Message& message) {
  if (type.etag_field() == nullptr) return;
  message.GetReflection()->SetString(&message, type.etag_field(), "v" + std::to_string(version));
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
