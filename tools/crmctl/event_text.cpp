#include "tools/crmctl/event_text.h"

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/util/time_util.h>

#include <memory>

#include "tools/crmctl/message_text.h"
#include "tools/crmctl/server_types.h"

namespace crm::ctl {

namespace {

using events::v1::Event;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::TimeUtil;

bool IsBookkeeping(const std::string& field) {
  return field == "name" || field == "etag" || field == "create_time" || field == "update_time";
}

std::unique_ptr<Message> Unpack(Session& session, const Event& event) {
  const std::string& url = event.data().type_url();
  const auto* type = session.types().FindMessage(url.substr(url.rfind('/') + 1));
  if (type == nullptr) return nullptr;
  auto message = session.types().NewMessage(*type);
  return message->ParseFromString(event.data().value()) ? std::move(message) : nullptr;
}

// The record in an event message: its first field; `old` is the same type.
const Message* PartOf(const Message& message, const FieldDescriptor* field) {
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return nullptr;
  return &message.GetReflection()->GetMessage(message, field);
}

std::vector<FieldChange> AllOf(const Message& record) {
  std::vector<FieldChange> changes;
  std::vector<const FieldDescriptor*> fields;
  record.GetReflection()->ListFields(record, &fields);
  for (const auto* field : fields) {
    if (!IsBookkeeping(field->name())) {
      changes.push_back({field->name(), "", FieldText(record, *field)});
    }
  }
  return changes;
}

google::protobuf::Value Text(const std::string& text) {
  google::protobuf::Value value;
  value.set_string_value(text);
  return value;
}

}  // namespace

std::vector<FieldChange> ChangesOf(Session& session, const Event& event) {
  auto message = Unpack(session, event);
  if (message == nullptr || message->GetDescriptor()->field_count() == 0) return {};
  const auto* type = message->GetDescriptor();
  const auto* record = PartOf(*message, type->field(0));
  const auto* old = PartOf(*message, type->FindFieldByName("old"));
  if (record == nullptr || old == nullptr) return {};
  if (event.version() == 1) return AllOf(*record);
  google::protobuf::FieldMask changed;
  const auto* mask = PartOf(*message, type->FindFieldByName("changed"));
  if (mask != nullptr) changed.ParseFromString(mask->SerializeAsString());
  std::vector<FieldChange> changes;
  for (const auto& path : changed.paths()) {
    const auto* field = record->GetDescriptor()->FindFieldByName(path);
    if (field == nullptr || IsBookkeeping(path)) continue;
    changes.push_back({path, FieldText(*old, *field), FieldText(*record, *field)});
  }
  return changes;
}

std::string ShortType(const Event& event) {
  return event.type().substr(event.type().rfind('.') + 1);
}

std::string EventLine(const Event& event) {
  return TimeUtil::ToString(event.recorded_time()) + "  " + ShortType(event) + "  " +
         event.subject() + " v" + std::to_string(event.version()) + "  by " + event.actor();
}

google::protobuf::Struct EventStruct(const Event& event, const std::vector<FieldChange>& changes) {
  google::protobuf::Struct result;
  auto& fields = *result.mutable_fields();
  fields["id"] = Text(event.id());
  fields["type"] = Text(event.type());
  fields["source"] = Text(event.source());
  fields["subject"] = Text(event.subject());
  fields["version"].set_number_value(static_cast<double>(event.version()));
  fields["actor"] = Text(event.actor());
  fields["origin"] = Text(event.origin());
  fields["correlation"] = Text(event.correlation());
  fields["causation"] = Text(event.causation());
  fields["run"] = Text(event.run());
  fields["recorded_time"] = Text(TimeUtil::ToString(event.recorded_time()));
  fields["occurred_time"] = Text(TimeUtil::ToString(event.occurred_time()));
  auto* list = fields["changes"].mutable_list_value();
  for (const auto& change : changes) {
    auto& entry = *list->add_values()->mutable_struct_value()->mutable_fields();
    entry["field"] = Text(change.field);
    entry["before"] = Text(change.before);
    entry["after"] = Text(change.after);
  }
  return result;
}

}  // namespace crm::ctl
