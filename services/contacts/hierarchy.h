// The tree of companies (O03).
#pragma once

#include "crm/contacts/v1/contact.pb.h"
#include "libs/command/call.h"

namespace crm::contacts {

// Companies above one another at most.
inline constexpr int kMaxDepth = 50;

// FAILED_PRECONDITION COMPANY_CIRCLE where the company would be above itself, COMPANY_TOO_DEEP
// where more than kMaxDepth would be above it. Every ancestor enters the check set, so of two
// changes that only together close a circle one is decided again.
Status CheckAncestors(Call& call, const v1::Company& company);

}  // namespace crm::contacts
