#include "services/leads/lead_consumer.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/deals/v1/deal_events.pb.h"
#include "services/leads/conversion.h"
#include "services/leads/lead.h"
#include "services/leads/lead_service.h"

namespace crm::leads {

using activities::v1::Note;
using activities::v1::NoteEvent;
using activities::v1::TaskEvent;
using events::Event;
using v1::Lead;

namespace {

// The lead where there is one that is open; activities may be about anything, and come late.
Result<std::optional<Lead>> FindOpen(Call& call, const std::string& subject) {
  if (!subject.starts_with("leads/")) return std::optional<Lead>();
  auto lead = call.Find<Lead>(subject);
  if (!lead.ok()) {
    if (lead.status().code() == Code::kInvalidArgument) return std::optional<Lead>();
    return lead;
  }
  if (*lead && ((*lead)->has_delete_time() || !IsOpen(**lead))) return std::optional<Lead>();
  return lead;
}

Status OnTask(Call& call, const TaskEvent& event, const Event&) {
  if (!event.has_completed() || event.task().kind() != "contact_lead") return Status::Ok();
  auto lead = FindOpen(call, event.task().subject());
  if (!lead.ok()) return lead.status();
  // The task is also completed because a contact was recorded.
  if (!*lead || (*lead)->state() != Lead::NEW) return Status::Ok();
  return StoreContact(call, **lead, event.task().name());
}

Status OnNote(Call& call, const NoteEvent& event, const Event&) {
  bool talk = event.note().kind() == Note::CALL || event.note().kind() == Note::MEETING;
  if (!event.has_created() || !talk || !event.note().reached()) return Status::Ok();
  auto lead = FindOpen(call, event.note().subject());
  if (!lead.ok()) return lead.status();
  if (!*lead) return Status::Ok();
  return StoreContact(call, **lead, event.note().name());
}

Status OnDeal(Call& call, const deals::v1::DealEvent& event, const Event&) {
  if (!event.has_refused()) return Status::Ok();
  auto lead = call.Find<Lead>(event.refused().lead());
  if (!lead.ok()) return lead.status();
  // Taken back already, or converted anew since.
  if (!*lead || (*lead)->converted_deal() != event.deal().name()) return Status::Ok();
  return TakeBackConversion(call, **lead, event.refused().message());
}

}  // namespace

events::EventConsumer ActivitiesConsumer() {
  return {.name = "leads.on_activities",
          .sources = {"activities"},
          .functions = {events::On<TaskEvent>(OnTask), events::On<NoteEvent>(OnNote)},
          .facts = events::FactNames<activities::v1::TaskCompleted, activities::v1::NoteCreated>()};
}

events::EventConsumer DealsConsumer() {
  return {.name = "leads.on_deals",
          .sources = {"deals"},
          .functions = {events::On<deals::v1::DealEvent>(OnDeal)},
          .facts = events::FactNames<deals::v1::DealRefused>()};
}

}  // namespace crm::leads
