#include "services/leads/candidates.h"

#include <map>

#include "crm/identity/v1/identity.pb.h"
#include "libs/command/timestamps.h"
#include "libs/entity/ask.h"
#include "libs/filter/checked_filter.h"

namespace crm::leads {

using identity::v1::Absence;
using identity::v1::User;
using v1::Distribution;

namespace {

constexpr char kUsers[] = "crm.identity.v1.UserService";

Result<std::vector<User>> FindUsers(Call& call, const Distribution& distribution) {
  if (distribution.users_size() > 0) {
    return entity::AskBatchGet<User>(call, kUsers,
                                     {distribution.users().begin(), distribution.users().end()});
  }
  if (distribution.department().empty()) return std::vector<User>();
  filter::Schema schema(User::descriptor());
  auto department = filter::FieldEquals(schema, "department", distribution.department());
  if (!department.ok()) return department.status();
  return entity::AskList<User>(call, kUsers, department->ToText() + " AND state = ACTIVE");
}

// Until when, by user.
Result<std::map<std::string, std::string>> FindAbsences(Call& call) {
  std::string now = "\"" + FormatTime(call.now()) + "\"";
  auto absences = entity::AskList<Absence>(
      call, "crm.identity.v1.AbsenceService",
      "start_time <= " + now + " AND (NOT end_time:* OR end_time > " + now + ")");
  if (!absences.ok()) return absences.status();
  std::map<std::string, std::string> obstacles;
  for (const auto& absence : *absences) {
    obstacles[absence.user()] = absence.has_end_time()
                                    ? "absent until " + FormatTime(ToTime(absence.end_time()))
                                    : "absent until further notice";
  }
  return obstacles;
}

}  // namespace

Result<std::vector<Candidate>> FindCandidates(Call& call, const Distribution& distribution) {
  auto users = FindUsers(call, distribution);
  if (!users.ok()) return users.status();
  if (users->empty()) return std::vector<Candidate>();
  auto absences = FindAbsences(call);
  if (!absences.ok()) return absences.status();
  std::vector<Candidate> candidates;
  for (const auto& user : *users) {
    Candidate candidate{user.name(), user.department(), ""};
    auto absent = absences->find(user.name());
    if (absent != absences->end()) candidate.obstacle = absent->second;
    if (user.state() != User::ACTIVE || user.has_delete_time()) candidate.obstacle = "has left";
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

}  // namespace crm::leads
