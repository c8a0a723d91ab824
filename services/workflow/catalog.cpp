#include "services/workflow/catalog.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/contacts/v1/contact_events.pb.h"
#include "crm/deals/v1/deal_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "google/api/resource.pb.h"

namespace crm::workflow {

using google::protobuf::Descriptor;
using google::protobuf::Message;

namespace {

Subject SubjectOf(const Descriptor* event) {
  const Descriptor* record = event->field(0)->message_type();
  return {event, record, record->options().GetExtension(google::api::resource).singular()};
}

const Message* OldOf(const Message& event) {
  const auto* field = event.GetDescriptor()->FindFieldByName("old");
  const auto* reflection = event.GetReflection();
  return reflection->HasField(event, field) ? &reflection->GetMessage(event, field) : nullptr;
}

}  // namespace

std::vector<std::string> Sources() {
  return {"leads", "deals", "activities", "contacts"};
}

const std::vector<Subject>& Subjects() {
  static const std::vector<Subject> subjects = {
      SubjectOf(leads::v1::LeadEvent::descriptor()),
      SubjectOf(deals::v1::DealEvent::descriptor()),
      SubjectOf(activities::v1::TaskEvent::descriptor()),
      SubjectOf(activities::v1::NoteEvent::descriptor()),
      SubjectOf(activities::v1::ReminderEvent::descriptor()),
      SubjectOf(contacts::v1::ContactEvent::descriptor()),
      SubjectOf(contacts::v1::CompanyEvent::descriptor()),
  };
  return subjects;
}

Result<Trigger> FindTrigger(std::string_view type, const std::string& field) {
  std::vector<std::string> known;
  for (const Subject& subject : Subjects()) {
    const auto* facts = subject.event->FindOneofByName("fact");
    for (int i = 0; i < facts->field_count(); ++i) {
      const Descriptor* fact = facts->field(i)->message_type();
      if (type == fact->full_name() || type == fact->name()) {
        return Trigger{&subject, fact->full_name()};
      }
      known.push_back(fact->name());
    }
  }
  return InvalidField(field, "is no event that rules know" + filter::DidYouMean(type, known));
}

filter::Schema SchemaOf(const Subject& subject) {
  filter::Schema schema(nullptr);
  schema.AddRoot(subject.root, subject.record)
      .AddRoot("old", subject.record)
      .AddRoot("event", v1::TriggerEvent::descriptor());
  return schema;
}

Occasion::Occasion(const Subject& subject, const events::Event& event) {
  trigger_.set_type(event.row.type());
  trigger_.set_subject(event.row.subject());
  trigger_.set_actor(event.row.actor());
  trigger_.set_run(event.row.run());
  trigger_.set_version(event.row.version());
  *trigger_.mutable_occurred_time() = event.row.occurred_time();
  const Message& record =
      event.body.GetReflection()->GetMessage(event.body, subject.event->field(0));
  // In the order of SchemaOf.
  roots_ = {&record, OldOf(event.body), &trigger_};
}

}  // namespace crm::workflow
