#include "services/leads/lead_service.h"

#include "crm/leads/v1/lead_events.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "libs/command/timestamps.h"
#include "libs/entity/phone.h"
#include "libs/entity/standard_methods.h"
#include "libs/entity/text.h"
#include "libs/people/people.h"
#include "services/leads/assignment.h"
#include "services/leads/conversion.h"
#include "services/leads/duplicates.h"
#include "services/leads/hand_over.h"
#include "services/leads/lead.h"

namespace crm::leads {

using v1::AssignLeadRequest;
using v1::CheckDuplicatesRequest;
using v1::CheckDuplicatesResponse;
using v1::CreateLeadRequest;
using v1::DisqualifyLeadRequest;
using v1::Lead;
using v1::RecordContactRequest;
using v1::ReopenLeadRequest;
using v1::SetCallBackRequest;

namespace {

// Loads a lead for a verb and moves it to the state behind the verb.
Result<Lead> LoadFor(Call& call, const std::string& name, Verb verb) {
  auto lead = call.Load<Lead>(name);
  if (!lead.ok()) return lead;
  auto state = NextState(*lead, verb);
  if (!state.ok()) return state.status();
  lead->set_state(*state);
  return lead;
}

Result<Lead> StoreAndReturn(Call& call, const Lead& lead, const google::protobuf::Message& fact) {
  if (auto status = call.Store(lead, fact); !status.ok()) return status;
  return lead;
}

Result<Lead> CreateLead(Call& call, const entity::Crud& crud, const CreateLeadRequest& request) {
  std::optional<Uuid> id;
  if (!request.lead_id().empty()) {
    id = Uuid::Parse(request.lead_id());
    if (!id || id->is_nil()) return InvalidField("lead_id", "must be a UUID");
  }
  auto created = crud.Create(call, request.lead(), id, "lead");
  if (!created.ok()) return created.status();
  Lead lead = dynamic_cast<const Lead&>(**created);
  if (auto status = AssignByRules(call, lead); !status.ok()) return status;
  return lead;  // Call::Complete makes it what was stored last
}

Result<Lead> AssignLead(Call& call, const AssignLeadRequest& request) {
  auto lead = LoadFor(call, request.name(), Verb::kAssign);
  if (!lead.ok()) return lead;
  if (!request.etag().empty() && request.etag() != lead->etag()) {
    return Status(Code::kAborted, "ETAG_MISMATCH",
                  "The lead was changed since you read it; read it again.")
        .With("name", lead->name());
  }
  if (request.owner().empty()) {
    if (auto status = AssignByRules(call, *lead); !status.ok()) return status;
    return lead;
  }
  auto user = people::FindActiveUser(call, request.owner(), "owner");
  if (!user.ok()) return user.status();
  v1::LeadAssigned fact;
  fact.set_previous_owner(lead->owner());
  fact.set_by("manual");
  fact.set_reason(request.reason());
  lead->set_owner(user->name());
  lead->set_department(user->department());
  return StoreAndReturn(call, *lead, fact);
}

Result<Lead> RecordContact(Call& call, const RecordContactRequest& request) {
  auto lead = LoadFor(call, request.name(), Verb::kRecordContact);
  if (!lead.ok()) return lead;
  if (auto status = StoreContact(call, *lead, request.activity()); !status.ok()) return status;
  return lead;
}

Result<Lead> SetCallBack(Call& call, const SetCallBackRequest& request) {
  auto lead = LoadFor(call, request.name(), Verb::kSetCallBack);
  if (!lead.ok()) return lead;
  if (request.has_call_back_time()) {
    *lead->mutable_call_back_time() = request.call_back_time();
  } else {
    lead->clear_call_back_time();
  }
  return StoreAndReturn(call, *lead, v1::LeadUpdated());
}

Result<Lead> DisqualifyLead(Call& call, const DisqualifyLeadRequest& request) {
  if (request.reason().empty()) return InvalidField("reason", "is required");
  if (entity::CountCharacters(request.reason()) > 1000) {
    return InvalidField("reason", "has more than 1000 characters");
  }
  auto lead = LoadFor(call, request.name(), Verb::kDisqualify);
  if (!lead.ok()) return lead;
  lead->set_disqualified_reason(request.reason());
  v1::LeadDisqualified fact;
  fact.set_reason(request.reason());
  return StoreAndReturn(call, *lead, fact);
}

Result<Lead> ReopenLead(Call& call, const ReopenLeadRequest& request) {
  auto lead = LoadFor(call, request.name(), Verb::kReopen);
  if (!lead.ok()) return lead;
  lead->clear_disqualified_reason();
  return StoreAndReturn(call, *lead, v1::LeadReopened());
}

Result<CheckDuplicatesResponse> CheckDuplicates(Call& call, const std::string& region,
                                                const CheckDuplicatesRequest& request) {
  ContactPoints points{entity::NormalizePhone(request.phone(), region).value_or(""),
                       entity::NormalizeEmail(request.email())};
  return FindDuplicates(call, points, entity::As::kCaller);
}

}  // namespace

entity::HooksOf<Lead> LeadHooks() {
  entity::HooksOf<Lead> hooks;
  hooks.defaults = [](Call& call, Lead& lead) {
    Begin(lead, call.now());
    return Status::Ok();
  };
  hooks.validate = [](Call& call, const Lead* before, Lead& after) {
    after.set_phone_e164(after.phone().e164());
    if (before != nullptr) return Status::Ok();
    auto found = FindDuplicates(call, {after.phone_e164(), after.email()}, entity::As::kSystem);
    if (!found.ok()) return found.status();
    for (const auto& duplicate : found->duplicates()) after.add_duplicates(duplicate.name());
    return Status::Ok();
  };
  return hooks;
}

Status StoreContact(Call& call, Lead lead, const std::string& activity) {
  lead.set_state(Lead::WORKING);
  if (!lead.has_first_contact_time()) {
    *lead.mutable_first_contact_time() = ToTimestamp(call.now());
  }
  v1::LeadContacted fact;
  fact.set_activity(activity);
  return call.Store(lead, fact);
}

std::vector<MethodBinding> LeadMethods(const RecordTypes& types, const entity::Settings& settings) {
  const auto* service = entity::FindService("crm.leads.v1.LeadService");
  const RecordType& type = types.Of(Lead::descriptor());
  auto crud = std::make_shared<entity::Crud>(type, settings, LeadHooks());
  auto methods = entity::StandardMethods(service, type, settings, LeadHooks());
  methods.push_back(Bind<CreateLeadRequest, Lead>(
      service, "CreateLead", [crud](Call& call, const CreateLeadRequest& request) {
        return CreateLead(call, *crud, request);
      }));
  methods.push_back(Bind<CheckDuplicatesRequest, CheckDuplicatesResponse>(
      service, "CheckDuplicates",
      [region = settings.phone_region](Call& call, const CheckDuplicatesRequest& request) {
        return CheckDuplicates(call, region, request);
      }));
  methods.push_back(Bind<AssignLeadRequest, Lead>(service, "AssignLead", AssignLead));
  methods.push_back(Bind<RecordContactRequest, Lead>(service, "RecordContact", RecordContact));
  methods.push_back(Bind<SetCallBackRequest, Lead>(service, "SetCallBack", SetCallBack));
  methods.push_back(Bind<DisqualifyLeadRequest, Lead>(service, "DisqualifyLead", DisqualifyLead));
  methods.push_back(Bind<ReopenLeadRequest, Lead>(service, "ReopenLead", ReopenLead));
  methods.push_back(people::BindHandOver<v1::HandOverLeadsRequest, v1::HandOverLeadsResponse>(
      service, "HandOverLeads", LeadHandOvers(types)));
  for (auto more : {SubmitMethods(types, settings), ConversionMethods(), ReportMethods()}) {
    methods.insert(methods.end(), more.begin(), more.end());
  }
  return methods;
}

}  // namespace crm::leads
