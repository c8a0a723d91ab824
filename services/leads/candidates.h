// The people that a distribution speaks of, as identity knows them now.
#pragma once

#include <string>
#include <vector>

#include "libs/command/call.h"
#include "services/leads/distribution.h"

namespace crm::leads {

// In the order of the distribution's list, or all active people of its department. Fails where
// identity cannot be asked.
Result<std::vector<Candidate>> FindCandidates(Call& call, const v1::Distribution& distribution);

}  // namespace crm::leads
