#include "services/leads/module.h"

#include "crm/leads/v1/intake_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "services/leads/assignment.h"
#include "services/leads/hand_over.h"
#include "services/leads/intake_service.h"
#include "services/leads/lead_consumer.h"
#include "services/leads/lead_service.h"
#include "services/leads/settings.h"

namespace crm::leads {

std::vector<const google::protobuf::Descriptor*> Records() {
  return {v1::Lead::descriptor(),         v1::Source::descriptor(),
          v1::Form::descriptor(),         v1::AssignmentRule::descriptor(),
          v1::LeadSettings::descriptor(), v1::RuleTurn::descriptor(),
          v1::FormWindow::descriptor()};
}

std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings) {
  auto methods = LeadMethods(types, settings);
  for (auto more : {IntakeMethods(types, settings), SettingsMethods(types, settings)}) {
    methods.insert(methods.end(), more.begin(), more.end());
  }
  return methods;
}

ServiceDefinition Define(const entity::Settings& settings) {
  ServiceDefinition service;
  service.name = "leads";
  service.types = std::make_shared<RecordTypes>(Records());
  service.migrations = Migrations();
  service.methods = Methods(*service.types, settings);
  auto hand_overs = LeadHandOvers(*service.types);
  service.consumers = {ActivitiesConsumer(), DealsConsumer(),
                       hand_overs->Consumer("leads.on_identity")};
  service.timers = {AssignmentTimer(), hand_overs->Timer()};
  service.asks = {"identity", "contacts", "deals"};
  return service;
}

}  // namespace crm::leads
