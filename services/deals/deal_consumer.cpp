#include "services/deals/deal_consumer.h"

#include "crm/leads/v1/lead_events.pb.h"
#include "libs/command/timestamps.h"
#include "services/deals/deal.h"
#include "services/deals/default_pipeline.h"

namespace crm::deals {

namespace {

using events::Event;
using v1::Deal;

// The conversion chose the names of all three records, so a contact that is not there yet is no
// hindrance.
Deal DealFrom(const leads::v1::Lead& lead, const leads::v1::LeadConverted& converted) {
  Deal deal;
  deal.set_name(converted.deal());
  deal.set_display_name(converted.deal_title().empty() ? lead.display_name()
                                                       : converted.deal_title());
  deal.set_contact(converted.contact());
  deal.set_company(converted.company());
  deal.set_owner(lead.owner());
  deal.set_department(lead.department());
  deal.set_source(lead.source());
  deal.set_lead(lead.name());
  return deal;
}

// A deal that cannot be: deleted from the start, so that the refusal is a fact like any other and
// the lead hears of it in order.
Status RefuseDeal(Call& call, Deal deal, const Status& why) {
  *deal.mutable_delete_time() = ToTimestamp(call.now());
  v1::DealRefused fact;
  fact.set_lead(deal.lead());
  fact.set_reason(why.reason());
  fact.set_message(why.message());
  return call.Store(deal, fact);
}

// Not to be mended by asking again: pipelines are this service's own.
bool IsRefusal(const Status& status) {
  return status.code() == Code::kNotFound || status.code() == Code::kInvalidArgument ||
         status.code() == Code::kFailedPrecondition;
}

Status MakeDeal(Call& call, const leads::v1::LeadEvent& body, const Event& event) {
  const auto& converted = body.converted();
  auto existing = call.Find<Deal>(converted.deal());
  if (!existing.ok()) return existing.status();
  if (*existing) return Status::Ok();
  Deal deal = DealFrom(body.lead(), converted);
  auto pipeline = converted.pipeline().empty() ? LoadDefaultPipeline(call)
                                               : call.Load<v1::Pipeline>(converted.pipeline());
  if (!pipeline.ok()) {
    return IsRefusal(pipeline.status()) ? RefuseDeal(call, deal, pipeline.status())
                                        : pipeline.status();
  }
  Begin(*pipeline, event.occurred, deal);
  if (auto status = Complete(deal); !status.ok()) return status;
  v1::DealMadeFromLead fact;
  fact.set_lead(body.lead().name());
  return call.Store(deal, fact, event.occurred);
}

// Takes back what the conversion made, unless it never came to be.
Status RemoveDeal(Call& call, const leads::v1::LeadEvent& body) {
  if (body.old().converted_deal().empty()) return Status::Ok();
  auto deal = call.Find<Deal>(body.old().converted_deal());
  if (!deal.ok()) return deal.status();
  bool made = *deal && (*deal)->lead() == body.lead().name() && !(*deal)->has_delete_time();
  if (!made) return Status::Ok();
  *(*deal)->mutable_delete_time() = ToTimestamp(call.now());
  return call.StoreWithFact(**deal, "deleted");
}

Status OnLead(Call& call, const leads::v1::LeadEvent& body, const Event& event) {
  if (body.has_converted() && body.converted().create_deal()) return MakeDeal(call, body, event);
  if (body.has_conversion_undone()) return RemoveDeal(call, body);
  return Status::Ok();
}

}  // namespace

events::EventConsumer LeadsConsumer() {
  return {.name = "deals.on_leads",
          .sources = {"leads"},
          .functions = {events::On<leads::v1::LeadEvent>(OnLead)}};
}

}  // namespace crm::deals
