#include "services/contacts/timeline.h"

#include <algorithm>
#include <cctype>

#include "libs/command/timestamps.h"

namespace crm::contacts {

using google::protobuf::Message;

namespace {

// Characters of a record's own words in a summary, in bytes.
constexpr size_t kMaxWords = 200;

std::string TextOf(const Message& message, const char* field_name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(field_name);
  bool text = field != nullptr && !field->is_repeated() &&
              field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING;
  return text ? message.GetReflection()->GetString(message, field) : std::string();
}

// "DealHandedOver" -> "Deal handed over".
std::string Words(const std::string& camel) {
  std::string words;
  for (char c : camel) {
    bool upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    if (upper && !words.empty()) words += ' ';
    words += upper && words.size() > 1
                 ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
                 : c;
  }
  return words;
}

// At most so many bytes, never half a character.
std::string Shortened(std::string text) {
  if (text.size() <= kMaxWords) return text;
  size_t end = kMaxWords;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

const Message* FactOf(const Message& event) {
  const auto* oneof = event.GetDescriptor()->FindOneofByName("fact");
  if (oneof == nullptr) return nullptr;
  const auto* field = event.GetReflection()->GetOneofFieldDescriptor(event, oneof);
  return field == nullptr ? nullptr : &event.GetReflection()->GetMessage(event, field);
}

}  // namespace

TimelineEntry EntryOf(const Message& event) {
  TimelineEntry entry;
  const Message* fact = FactOf(event);
  if (fact == nullptr) return entry;
  const Message& record =
      event.GetReflection()->GetMessage(event, event.GetDescriptor()->FindFieldByNumber(1));
  std::string words = TextOf(record, "display_name");
  if (words.empty()) words = TextOf(record, "text");
  entry.summary = Words(fact->GetDescriptor()->name());
  if (!words.empty()) entry.summary += ": " + Shortened(words);

  auto add = [&entry](const std::string& name) {
    bool known =
        std::find(entry.subjects.begin(), entry.subjects.end(), name) != entry.subjects.end();
    if (!name.empty() && !known) entry.subjects.push_back(name);
  };
  for (const char* field :
       {"contact", "company", "converted_contact", "converted_company", "subject"}) {
    add(TextOf(record, field));
  }
  std::string name = TextOf(record, "name");
  bool party = name.starts_with("contacts/") || name.starts_with("companies/");
  // A lead has a timeline of its own until it has become somebody's.
  if (party || (name.starts_with("leads/") && entry.subjects.empty())) add(name);
  return entry;
}

namespace {

Status Append(Call& call, const events::Event& event) {
  TimelineEntry entry = EntryOf(event.body);
  const RecordType& type = call.types().Of(v1::TimelineItem::descriptor());
  for (const auto& subject : entry.subjects) {
    v1::TimelineItem item;
    item.set_name(type.Name(NamedUuid("timeline/" + subject, event.row.event_id())));
    item.set_subject(subject);
    item.set_event_id(event.row.event_id());
    item.set_event_type(event.row.type());
    item.set_record(event.row.subject());
    item.set_summary(entry.summary);
    item.set_actor(event.row.actor());
    *item.mutable_occurred_time() = ToTimestamp(event.occurred);
    *item.mutable_recorded_time() = ToTimestamp(event.recorded);
    if (auto status = call.Project(item); !status.ok()) return status;
  }
  return Status::Ok();
}

}  // namespace

events::EventConsumer TimelineConsumer() {
  events::EventConsumer consumer;
  consumer.name = "contacts.timeline";
  consumer.sources = {"leads", "deals", "activities", "contacts"};
  // Whatever becomes a kind of record there is in the timeline of what it is about, without a word
  // here.
  consumer.functions["*"] = Append;
  return consumer;
}

}  // namespace crm::contacts
