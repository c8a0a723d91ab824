#include "services/contacts/contact_service.h"

#include "crm/contacts/v1/contact_service.pb.h"
#include "libs/entity/standard_methods.h"
#include "services/contacts/contact.h"
#include "services/contacts/hierarchy.h"

namespace crm::contacts {

using v1::Company;
using v1::Contact;

std::vector<MethodBinding> ContactMethods(const RecordTypes& types,
                                          const entity::Settings& settings,
                                          std::shared_ptr<const people::HandOvers> hand_overs) {
  entity::HooksOf<Contact> hooks;
  hooks.validate = [](Call&, const Contact*, Contact& after) { return CheckContact(after); };
  const auto* service = entity::FindService("crm.contacts.v1.ContactService");
  auto methods = entity::StandardMethods(service, types.Of(Contact::descriptor()), settings, hooks);
  methods.push_back(people::BindHandOver<v1::HandOverContactsRequest, v1::HandOverContactsResponse>(
      service, "HandOverContacts", std::move(hand_overs)));
  return methods;
}

std::vector<MethodBinding> CompanyMethods(const RecordTypes& types,
                                          const entity::Settings& settings) {
  entity::HooksOf<Company> hooks;
  hooks.validate = [](Call& call, const Company* before, Company& after) -> Status {
    if (before != nullptr && before->parent() == after.parent()) return Status::Ok();
    return CheckAncestors(call, after);
  };
  return entity::StandardMethods(entity::FindService("crm.contacts.v1.CompanyService"),
                                 types.Of(Company::descriptor()), settings, hooks);
}

}  // namespace crm::contacts
