#include "services/workflow/module.h"

#include "crm/workflow/v1/rule_events.pb.h"
#include "crm/workflow/v1/rule_service.pb.h"
#include "services/workflow/rule.h"
#include "services/workflow/trigger.h"

namespace crm::workflow {

std::vector<pg::Migration> Migrations();  // of migrations/, see cmake/CrmTargets.cmake

namespace {

entity::HooksOf<v1::Rule> RuleHooks() {
  entity::HooksOf<v1::Rule> hooks;
  hooks.validate = [](Call&, const v1::Rule*, v1::Rule& after) { return Validate(after); };
  return hooks;
}

}  // namespace

std::vector<const google::protobuf::Descriptor*> Records() {
  return {v1::Rule::descriptor(), v1::PlannedAction::descriptor(), v1::RuleRun::descriptor()};
}

std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings) {
  const auto* service = entity::FindService("crm.workflow.v1.RuleService");
  auto methods =
      entity::StandardMethods(service, types.Of(v1::Rule::descriptor()), settings, RuleHooks());
  for (const auto* message : {v1::PlannedAction::descriptor(), v1::RuleRun::descriptor()}) {
    auto more = entity::StandardMethods(service, *types.Find(message), settings);
    methods.insert(methods.end(), more.begin(), more.end());
  }
  return methods;
}

ServiceDefinition Define(const entity::Settings& settings) {
  ServiceDefinition service;
  service.name = "workflow";
  service.types = std::make_shared<RecordTypes>(Records());
  service.migrations = Migrations();
  service.methods = Methods(*service.types, settings);
  service.consumers = {RuleConsumer()};
  return service;
}

}  // namespace crm::workflow
