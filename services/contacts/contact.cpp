#include "services/contacts/contact.h"

#include <vector>

#include "libs/command/timestamps.h"
#include "libs/entity/validate.h"

namespace crm::contacts {

namespace {

// Half open: the day of one's leaving may be that of one's return.
bool Overlap(const v1::Membership& one, const v1::Membership& other) {
  auto starts_before_end = [](const v1::Membership& a, const v1::Membership& b) {
    return !a.has_start_time() || !b.has_end_time() ||
           ToTime(a.start_time()) < ToTime(b.end_time());
  };
  return one.company() == other.company() && starts_before_end(one, other) &&
         starts_before_end(other, one);
}

}  // namespace

Status CheckContact(const v1::Contact& contact) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < contact.memberships_size(); ++i) {
    const v1::Membership& membership = contact.memberships(i);
    std::string path = "contact.memberships[" + std::to_string(i) + "]";
    if (membership.has_start_time() && membership.has_end_time() &&
        ToTime(membership.end_time()) <= ToTime(membership.start_time())) {
      violations.push_back({path + ".end_time", "must be after the start"});
    }
    for (int j = 0; j < i; ++j) {
      if (!Overlap(membership, contact.memberships(j))) continue;
      violations.push_back({path, "overlaps another membership in the same company"});
      break;
    }
  }
  for (int i = 0; i < contact.relations_size(); ++i) {
    if (contact.relations(i).contact() != contact.name()) continue;
    violations.push_back(
        {"contact.relations[" + std::to_string(i) + "].contact", "must be somebody else"});
  }
  return violations.empty() ? Status::Ok() : entity::InvalidFields(std::move(violations));
}

}  // namespace crm::contacts
