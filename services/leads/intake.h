// From the fields of a form to a lead. Pure: nothing that a person has typed is refused or lost;
// what cannot be understood is kept among the custom fields and named in a warning.
#pragma once

#include <google/protobuf/map.h>

#include <string>
#include <vector>

#include "crm/leads/v1/intake.pb.h"
#include "crm/leads/v1/lead.pb.h"
#include "libs/base/status.h"

namespace crm::leads {

using FormFields = google::protobuf::Map<std::string, std::string>;

// INVALID_ARGUMENT where there are more or longer fields than any form has.
Status CheckSize(const FormFields& fields);

// A program, not a person, has filled it in.
bool IsSpam(const v1::Form& form, const FormFields& fields);

struct MappedLead {
  v1::Lead lead;
  std::vector<std::string> warnings;
};

// By the form's mapping, then by equal names. Fields that go to one place are joined with a blank
// in the order of their names.
MappedLead MapFields(const v1::Form& form, const FormFields& fields);

// A field_mapping names only fields of a lead that a form can fill.
Status CheckMapping(const v1::Form& form);

}  // namespace crm::leads
