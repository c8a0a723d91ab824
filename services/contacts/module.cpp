#include "services/contacts/module.h"

#include "crm/contacts/v1/contact_events.pb.h"
#include "services/contacts/contact_consumer.h"
#include "services/contacts/contact_service.h"
#include "services/contacts/timeline.h"

namespace crm::contacts {

std::vector<pg::Migration> Migrations();  // of migrations/, embedded by the build

std::vector<const google::protobuf::Descriptor*> Records() {
  return {v1::Contact::descriptor(), v1::Company::descriptor(), v1::TimelineItem::descriptor()};
}

ServiceDefinition Define(const entity::Settings& settings) {
  return DefineOver(std::make_shared<const RecordTypes>(Records()), settings);
}

ServiceDefinition DefineOver(std::shared_ptr<const RecordTypes> record_types,
                             const entity::Settings& settings) {
  const RecordTypes& types = *record_types;
  ServiceDefinition service;
  service.name = "contacts";
  service.types = std::move(record_types);
  service.migrations = Migrations();
  auto hand_overs = std::make_shared<const people::HandOvers>(std::vector<people::Movable>{
      {&types.Of(v1::Contact::descriptor())}, {&types.Of(v1::Company::descriptor())}});
  service.methods = ContactMethods(types, settings, hand_overs);
  for (auto& methods : {CompanyMethods(types, settings), TimelineMethods(settings)}) {
    service.methods.insert(service.methods.end(), methods.begin(), methods.end());
  }
  service.consumers = {LeadsConsumer(), DealsConsumer(), TimelineConsumer(),
                       hand_overs->Consumer("contacts.on_identity")};
  service.timers = {hand_overs->Timer()};
  service.asks = {"identity"};
  return service;
}

}  // namespace crm::contacts
