#include "services/contacts/hierarchy.h"

namespace crm::contacts {

Status CheckAncestors(Call& call, const v1::Company& company) {
  std::string above = company.parent();
  for (int depth = 0; !above.empty(); ++depth) {
    if (above == company.name()) {
      return FailedPrecondition("COMPANY_CIRCLE",
                                "A company cannot belong to itself or to one that belongs to it.")
          .With("parent", company.parent())
          .Requires("COMPANY_CIRCLE", company.name(), company.parent() + " belongs to it");
    }
    if (depth == kMaxDepth) {
      return FailedPrecondition("COMPANY_TOO_DEEP",
                                "There would be more than 50 companies above it.")
          .Requires("COMPANY_TOO_DEEP", company.name(), "too many companies above it");
    }
    // Also deleted ones: they may be undeleted into the circle.
    auto parent = call.Find<v1::Company>(above);
    if (!parent.ok()) return parent.status();
    above = *parent ? (*parent)->parent() : std::string();
  }
  return Status::Ok();
}

}  // namespace crm::contacts
