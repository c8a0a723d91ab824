#include "services/leads/distribution.h"

#include <algorithm>

namespace crm::leads {

using v1::Distribution;

namespace {

int64_t OpenLeads(const Load& load, const std::string& user) {
  auto found = load.open_leads.find(user);
  return found == load.open_leads.end() ? 0 : found->second;
}

std::vector<Candidate> InOrder(Distribution::Mode mode, std::vector<Candidate> candidates,
                               const Load& load) {
  if (mode == Distribution::FIRST_AVAILABLE) return candidates;
  if (mode == Distribution::LEAST_BUSY) {
    std::stable_sort(candidates.begin(), candidates.end(),
                     [&](const Candidate& a, const Candidate& b) {
                       return OpenLeads(load, a.user) < OpenLeads(load, b.user);
                     });
    return candidates;
  }
  auto last = std::find_if(candidates.begin(), candidates.end(),
                           [&](const Candidate& each) { return each.user == load.last_user; });
  if (last != candidates.end()) std::rotate(candidates.begin(), last + 1, candidates.end());
  return candidates;
}

std::string Why(Distribution::Mode mode, const std::string& user, const Load& load) {
  if (mode == Distribution::FIRST_AVAILABLE) return " is the first who is there";
  if (mode == Distribution::LEAST_BUSY) {
    return " has the fewest open leads (" + std::to_string(OpenLeads(load, user)) + ")";
  }
  return load.last_user.empty() ? " begins the round" : " is next after " + load.last_user;
}

}  // namespace

Choice Choose(Distribution::Mode mode, const std::vector<Candidate>& candidates, const Load& load) {
  std::string passed_over;
  for (const auto& candidate : InOrder(mode, candidates, load)) {
    if (candidate.obstacle.empty()) {
      return {candidate.user, candidate.department,
              candidate.user + Why(mode, candidate.user, load) + passed_over};
    }
    passed_over += "; " + candidate.user + " was passed over: " + candidate.obstacle;
  }
  return {
      "", "",
      (candidates.empty() ? "there is nobody to choose from" : "nobody can take it") + passed_over};
}

}  // namespace crm::leads
