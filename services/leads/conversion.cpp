#include "services/leads/conversion.h"

#include "crm/contacts/v1/contact.pb.h"
#include "crm/deals/v1/deal.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/entity/ask.h"
#include "libs/entity/standard_methods.h"
#include "libs/entity/text.h"
#include "services/leads/lead.h"
#include "services/leads/lead_service.h"

namespace crm::leads {

using v1::ConvertLeadRequest;
using v1::ConvertLeadResponse;
using v1::Lead;
using v1::LeadConverted;
using v1::UndoConversionRequest;

namespace {

constexpr char kContacts[] = "crm.contacts.v1.ContactService";
constexpr char kCompanies[] = "crm.contacts.v1.CompanyService";
constexpr char kPipelines[] = "crm.deals.v1.PipelineService";
constexpr char kDeals[] = "crm.deals.v1.DealService";

// A record that the caller names must be one that the caller may see.
template <class M>
Status CheckThere(Call& call, const char* service, const std::string& name, const char* field) {
  auto record = entity::AskGet<M>(call, service, name, entity::As::kCaller);
  if (record.ok() && !record->has_delete_time()) return Status::Ok();
  bool wrong = record.ok() || record.status().code() == Code::kNotFound ||
               record.status().code() == Code::kInvalidArgument;
  return wrong ? InvalidField(field, "there is no " + name) : record.status();
}

Result<LeadConverted> Plan(Call& call, const Lead& lead, const ConvertLeadRequest& request) {
  LeadConverted fact;
  fact.set_contact(request.contact());
  if (request.contact().empty()) {
    fact.set_contact("contacts/" + call.NewId("contact").ToString());
    fact.set_create_contact(true);
  } else if (auto status =
                 CheckThere<contacts::v1::Contact>(call, kContacts, request.contact(), "contact");
             !status.ok()) {
    return status;
  }
  fact.set_company(request.company());
  if (!request.company().empty()) {
    auto status = CheckThere<contacts::v1::Company>(call, kCompanies, request.company(), "company");
    if (!status.ok()) return status;
  } else if (request.create_company()) {
    if (lead.company_name().empty()) {
      return InvalidField("create_company", "the lead has no company_name to make a company of");
    }
    fact.set_company("companies/" + call.NewId("company").ToString());
    fact.set_create_company(true);
  }
  if (!request.create_deal()) return fact;
  if (!request.pipeline().empty()) {
    auto status = CheckThere<deals::v1::Pipeline>(call, kPipelines, request.pipeline(), "pipeline");
    if (!status.ok()) return status;
  }
  if (entity::CountCharacters(request.deal_title()) > 300) {
    return InvalidField("deal_title", "has more than 300 characters");
  }
  fact.set_deal("deals/" + call.NewId("deal").ToString());
  fact.set_create_deal(true);
  fact.set_deal_title(request.deal_title().empty() ? lead.display_name() : request.deal_title());
  fact.set_pipeline(request.pipeline());
  return fact;
}

Result<ConvertLeadResponse> ConvertLead(Call& call, const ConvertLeadRequest& request) {
  auto lead = call.Load<Lead>(request.name());
  if (!lead.ok()) return lead.status();
  auto state = NextState(*lead, Verb::kConvert);
  if (!state.ok()) return state.status();
  if (!request.etag().empty() && request.etag() != lead->etag()) {
    return Status(Code::kAborted, "ETAG_MISMATCH",
                  "The lead was changed since you read it; read it again.")
        .With("name", lead->name());
  }
  auto fact = Plan(call, *lead, request);
  if (!fact.ok()) return fact.status();
  lead->set_state(*state);
  lead->set_converted_contact(fact->contact());
  lead->set_converted_company(fact->company());
  lead->set_converted_deal(fact->deal());
  // Who has become a contact has been spoken to.
  if (!lead->has_first_contact_time()) {
    *lead->mutable_first_contact_time() = ToTimestamp(call.now());
  }
  if (auto status = call.Store(*lead, *fact); !status.ok()) return status;
  ConvertLeadResponse response;
  *response.mutable_lead() = *lead;
  response.set_contact(fact->contact());
  response.set_company(fact->company());
  response.set_deal(fact->deal());
  response.set_pending(fact->create_contact() || fact->create_company() || fact->create_deal());
  return response;
}

// What stands in the lead's last fact, where that is that the conversion was taken back.
Result<std::string> ReasonOfUndoing(Call& call, const std::string& lead) {
  LogQuery query;
  query.tenant = call.tenant();
  query.subject = lead;
  auto rows = call.store().ReadLog(query, call.stop());
  if (!rows.ok()) return rows.status();
  v1::LeadEvent event;
  if (rows->empty()) return std::string();
  if (auto status = DecodeRecord(rows->back().body(), event); !status.ok()) return status;
  return event.conversion_undone().reason();
}

// Whether a record that another service makes of the conversion can be read.
template <class M>
bool Readable(Call& call, const char* service, const std::string& name) {
  if (name.empty()) return true;
  auto record = entity::AskGet<M>(call, service, name);
  return record.ok() && !record->has_delete_time();
}

bool ConversionIsSettled(Call& call, ConvertLeadResponse& response) {
  auto lead = call.Load<Lead>(response.lead().name());
  if (!lead.ok()) return true;
  if (lead->converted_contact() != response.contact()) {
    auto reason = ReasonOfUndoing(call, lead->name());
    if (!reason.ok()) return false;
    response.Clear();
    *response.mutable_lead() = std::move(*lead);
    response.set_refusal(*reason);
    return true;
  }
  if (!Readable<contacts::v1::Contact>(call, kContacts, response.contact()) ||
      !Readable<contacts::v1::Company>(call, kCompanies, response.company()) ||
      !Readable<deals::v1::Deal>(call, kDeals, response.deal())) {
    return false;
  }
  response.set_pending(false);
  return true;
}

Status CheckNotWon(Call& call, const Lead& lead) {
  if (lead.converted_deal().empty()) return Status::Ok();
  auto deal = entity::AskGet<deals::v1::Deal>(call, kDeals, lead.converted_deal());
  if (!deal.ok()) {
    bool none_yet = deal.status().code() == Code::kNotFound;
    return none_yet ? Status::Ok() : deal.status();
  }
  if (deal->state() != deals::v1::Deal::WON) return Status::Ok();
  return FailedPrecondition("DEAL_WON",
                            "The deal of this lead is won; its conversion cannot be undone.")
      .With("name", lead.name())
      .With("deal", deal->name());
}

Result<Lead> UndoConversion(Call& call, const UndoConversionRequest& request) {
  auto lead = call.Load<Lead>(request.name());
  if (!lead.ok()) return lead;
  auto state = NextState(*lead, Verb::kUndoConversion);
  if (!state.ok()) return state.status();
  if (auto status = CheckNotWon(call, *lead); !status.ok()) return status;
  if (auto status = TakeBackConversion(call, *lead, request.reason()); !status.ok()) return status;
  return lead;
}

}  // namespace

Status TakeBackConversion(Call& call, Lead& lead, const std::string& reason) {
  auto state = NextState(lead, Verb::kUndoConversion);
  if (!state.ok()) return state.status();
  lead.set_state(*state);
  lead.clear_converted_contact();
  lead.clear_converted_company();
  lead.clear_converted_deal();
  v1::LeadConversionUndone fact;
  fact.set_reason(reason);
  return call.Store(lead, fact);
}

std::vector<MethodBinding> ConversionMethods() {
  const auto* service = entity::FindService("crm.leads.v1.LeadService");
  return {Awaiting<ConvertLeadResponse>(
              Bind<ConvertLeadRequest, ConvertLeadResponse>(service, "ConvertLead", ConvertLead),
              ConversionIsSettled),
          Bind<UndoConversionRequest, Lead>(service, "UndoConversion", UndoConversion)};
}

}  // namespace crm::leads
