// What a contact must be. Pure.
#pragma once

#include "crm/contacts/v1/contact.pb.h"
#include "libs/base/status.h"

namespace crm::contacts {

// INVALID_FIELD with all violations: a membership ends after it starts, two in one company do not
// overlap (O02), and nobody is related to themselves.
Status CheckContact(const v1::Contact& contact);

}  // namespace crm::contacts
