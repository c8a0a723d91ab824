// Records that a person may be already: the same phone in its international form, or the same
// e-mail (L17).
#pragma once

#include <string>
#include <vector>

#include "crm/leads/v1/lead.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "libs/command/call.h"
#include "libs/entity/ask.h"

namespace crm::leads {

// Normal forms; empty: is not looked for.
struct ContactPoints {
  std::string phone_e164;
  std::string email;
};

// Live leads and contacts with one of them, at most 20 of each. With As::kCaller those that the
// caller may see. Contacts that cannot be asked are no failure: the answer says so.
Result<v1::CheckDuplicatesResponse> FindDuplicates(Call& call, const ContactPoints& points,
                                                   entity::As as);

}  // namespace crm::leads
