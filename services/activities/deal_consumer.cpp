#include "services/activities/deal_consumer.h"

#include "crm/activities/v1/meeting_events.pb.h"
#include "crm/deals/v1/deal_events.pb.h"
#include "libs/command/list_all.h"
#include "services/activities/meeting.h"

namespace crm::activities {

using deals::v1::DealEvent;
using v1::Meeting;

namespace {

// What is listed is a hint: `name` is decided on anew.
Status CancelIfPlanned(Call& call, const std::string& name, const std::string& reason) {
  auto meeting = call.Find<Meeting>(name);
  if (!meeting.ok()) return meeting.status();
  bool planned =
      *meeting && !(*meeting)->has_delete_time() && (*meeting)->state() == Meeting::PLANNED;
  if (!planned) return Status::Ok();
  if (auto status = Close(Meeting::CANCELLED, reason, **meeting); !status.ok()) return status;
  v1::MeetingCancelled fact;
  fact.set_reason(reason);
  return call.Store(**meeting, fact);
}

Status OnDeal(Call& call, const DealEvent& event, const events::Event&) {
  if (!event.has_lost() && !event.has_deleted()) return Status::Ok();
  const auto& schema = call.types().Of(Meeting::descriptor()).filter_schema();
  auto about = filter::FieldEquals(schema, "subject", event.deal().name());
  if (!about.ok()) return about.status();
  auto planned = filter::FieldEquals(schema, "state", "PLANNED");
  if (!planned.ok()) return planned.status();
  auto meetings = ListAll<Meeting>(call, about->And(*planned));
  if (!meetings.ok()) return meetings.status();
  std::string reason = event.has_lost() ? "the deal was lost" : "the deal was deleted";
  for (const auto& meeting : *meetings) {
    if (auto status = CancelIfPlanned(call, meeting.name(), reason); !status.ok()) return status;
  }
  return Status::Ok();
}

}  // namespace

events::EventConsumer DealsConsumer() {
  return {.name = "activities.on_deals",
          .sources = {"deals"},
          .functions = {events::On<DealEvent>(OnDeal)},
          .facts = events::FactNames<deals::v1::DealLost, deals::v1::DealDeleted>()};
}

}  // namespace crm::activities
