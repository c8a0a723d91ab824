// LeadService: the standard methods over leads, and the verbs. Each handler loads the lead, asks
// NextState whether the verb is possible, and stores the lead with its fact.
#pragma once

#include "crm/leads/v1/lead.pb.h"
#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"
#include "libs/entity/hooks.h"

namespace crm::leads {

std::vector<MethodBinding> LeadMethods(const RecordTypes& types, const entity::Settings& settings);

// What the service adds to every write of a lead by the standard methods and by forms.
entity::HooksOf<v1::Lead> LeadHooks();

// RecordContact for a lead that is open: used by the verb and by what other services report.
// `activity` may be empty.
Status StoreContact(Call& call, v1::Lead lead, const std::string& activity);

// In intake_service.cpp: SubmitForm.
std::vector<MethodBinding> SubmitMethods(const RecordTypes& types,
                                         const entity::Settings& settings);
// In report.cpp: ReportLeads.
std::vector<MethodBinding> ReportMethods();

}  // namespace crm::leads
