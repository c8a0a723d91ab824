// Who of several people gets a lead, and why not the others (L06, L07). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "crm/leads/v1/intake.pb.h"

namespace crm::leads {

// Somebody who might get a lead.
struct Candidate {
  // "users/{uuid}".
  std::string user;
  std::string department;
  // Why not now ("absent until 2026-01-06T08:00:00Z"); empty: can take it.
  std::string obstacle;
};

// What the choice depends on besides the candidates.
struct Load {
  // Whose turn it was last.
  std::string last_user;
  // Open leads by user; those who are missing have none.
  std::map<std::string, int64_t> open_leads;
};

struct Choice {
  // Empty: nobody can take it.
  std::string user;
  std::string department;
  // One sentence that names everybody who was looked at before, and why not.
  std::string reason;
};

// The candidates are in the order of the rule. ROUND_ROBIN goes on behind last_user; a last_user
// who is no candidate any more begins a new round.
Choice Choose(v1::Distribution::Mode mode, const std::vector<Candidate>& candidates,
              const Load& load);

}  // namespace crm::leads
