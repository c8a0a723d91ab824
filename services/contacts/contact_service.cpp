#include "services/contacts/contact_service.h"

#include "crm/contacts/v1/contact_service.pb.h"
#include "libs/entity/standard_methods.h"
#include "services/contacts/contact.h"
#include "services/contacts/hierarchy.h"

namespace crm::contacts {

namespace {

using v1::Company;
using v1::Contact;

Result<v1::HandOverContactsResponse> HandOver(Call& call,
                                              const v1::HandOverContactsRequest& request,
                                              const entity::HandOvers& hand_overs) {
  kernel::v1::HandOver what;
  what.set_from(request.from());
  what.set_to(request.to());
  what.set_reason(request.reason());
  auto progress = hand_overs.Begin(call, what);
  if (!progress.ok()) return progress.status();
  v1::HandOverContactsResponse response;
  response.set_moved(progress->moved);
  response.set_pending(progress->pending);
  return response;
}

}  // namespace

std::vector<MethodBinding> ContactMethods(const RecordTypes& types,
                                          const entity::Settings& settings,
                                          std::shared_ptr<const entity::HandOvers> hand_overs) {
  entity::HooksOf<Contact> hooks;
  hooks.validate = [](Call&, const Contact*, Contact& after) { return CheckContact(after); };
  const auto* service = entity::FindService("crm.contacts.v1.ContactService");
  auto methods =
      entity::StandardMethods(service, *types.Find(Contact::descriptor()), settings, hooks);
  methods.push_back(Bind<v1::HandOverContactsRequest, v1::HandOverContactsResponse>(
      service, "HandOverContacts",
      [hand_overs](Call& call, const v1::HandOverContactsRequest& request) {
        return HandOver(call, request, *hand_overs);
      }));
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
                                 *types.Find(Company::descriptor()), settings, hooks);
}

}  // namespace crm::contacts
