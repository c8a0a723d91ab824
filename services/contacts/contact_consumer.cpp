#include "services/contacts/contact_consumer.h"

#include "crm/contacts/v1/contact_events.pb.h"
#include "crm/deals/v1/deal_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "services/contacts/customer.h"

namespace crm::contacts {

namespace {

using events::Event;
using v1::Company;
using v1::Contact;

Contact ContactFrom(const leads::v1::Lead& lead, const leads::v1::LeadConverted& converted) {
  Contact contact;
  contact.set_name(converted.contact());
  contact.set_display_name(lead.display_name());
  if (lead.has_phone()) *contact.add_phones() = lead.phone();
  if (!lead.email().empty()) contact.add_emails(lead.email());
  if (!converted.company().empty()) contact.add_memberships()->set_company(converted.company());
  contact.set_status("new");
  contact.set_owner(lead.owner());
  contact.set_department(lead.department());
  contact.set_lead(lead.name());
  *contact.mutable_custom_fields() = lead.custom_fields();
  return contact;
}

Company CompanyFrom(const leads::v1::Lead& lead, const leads::v1::LeadConverted& converted) {
  Company company;
  company.set_name(converted.company());
  company.set_display_name(lead.company_name().empty() ? lead.display_name() : lead.company_name());
  company.set_owner(lead.owner());
  company.set_department(lead.department());
  company.set_lead(lead.name());
  return company;
}

// Once: a record that is there already was made by an earlier delivery.
template <class Party, class Fact>
Status Make(Call& call, const Party& party, const Event& event) {
  auto existing = call.Find<Party>(party.name());
  if (!existing.ok()) return existing.status();
  if (*existing) return Status::Ok();
  Fact fact;
  fact.set_lead(party.lead());
  return call.Store(party, fact, event.occurred);
}

// Takes back what the conversion of a lead made, unless it never came to be.
template <class Party>
Status Remove(Call& call, const std::string& name, const std::string& lead) {
  if (name.empty()) return Status::Ok();
  auto party = call.Find<Party>(name);
  if (!party.ok()) return party.status();
  if (!*party || (*party)->lead() != lead || (*party)->has_delete_time()) return Status::Ok();
  *(*party)->mutable_delete_time() = ToTimestamp(call.now());
  return call.StoreWithFact(**party, "deleted");
}

Status OnLead(Call& call, const leads::v1::LeadEvent& body, const Event& event) {
  const leads::v1::Lead& lead = body.lead();
  if (body.has_converted()) {
    const auto& converted = body.converted();
    if (converted.create_company()) {
      auto status =
          Make<Company, v1::CompanyMadeFromLead>(call, CompanyFrom(lead, converted), event);
      if (!status.ok()) return status;
    }
    if (!converted.create_contact()) return Status::Ok();
    return Make<Contact, v1::ContactMadeFromLead>(call, ContactFrom(lead, converted), event);
  }
  if (body.has_conversion_undone()) {
    auto status = Remove<Contact>(call, body.old().converted_contact(), lead.name());
    if (!status.ok()) return status;
    return Remove<Company>(call, body.old().converted_company(), lead.name());
  }
  return Status::Ok();
}

// NOT_FOUND where the record is yet to come: the event is brought again for a while.
template <class Party, class Fact>
Status Promote(Call& call, const std::string& name, const deals::v1::Deal& deal, Time won) {
  if (name.empty()) return Status::Ok();
  auto party = call.LoadWithDeleted<Party>(name);
  if (!party.ok()) return party.status();
  if (!BecomeCustomer(won, *party)) return Status::Ok();
  Fact fact;
  fact.set_deal(deal.name());
  return call.Store(*party, fact);
}

Status OnDeal(Call& call, const deals::v1::DealEvent& body, const Event& event) {
  if (!body.has_won()) return Status::Ok();
  const deals::v1::Deal& deal = body.deal();
  auto status =
      Promote<Contact, v1::ContactBecameCustomer>(call, deal.contact(), deal, event.occurred);
  if (!status.ok()) return status;
  return Promote<Company, v1::CompanyBecameCustomer>(call, deal.company(), deal, event.occurred);
}

}  // namespace

events::EventConsumer LeadsConsumer() {
  return {.name = "contacts.on_leads",
          .sources = {"leads"},
          .functions = {events::On<leads::v1::LeadEvent>(OnLead)}};
}

events::EventConsumer DealsConsumer() {
  return {.name = "contacts.on_deals",
          .sources = {"deals"},
          .functions = {events::On<deals::v1::DealEvent>(OnDeal)},
          .facts = events::FactNames<deals::v1::DealWon>()};
}

}  // namespace crm::contacts
