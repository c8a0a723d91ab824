// Who is a customer, and since when (C01): derived from won deals, never typed. Pure.
#pragma once

#include "crm/contacts/v1/contact.pb.h"
#include "libs/command/timestamps.h"

namespace crm::contacts {

// Marks a contact or company as a customer since `won`, or since the earlier moment that is known
// already. False: nothing changed. The order in which deals become known does not matter: the
// earliest win counts.
template <class Party>
bool BecomeCustomer(Time won, Party& party) {
  bool known = party.is_customer() && party.has_customer_since_time() &&
               ToTime(party.customer_since_time()) <= won;
  if (known) return false;
  party.set_is_customer(true);
  *party.mutable_customer_since_time() = ToTimestamp(won);
  return true;
}

}  // namespace crm::contacts
