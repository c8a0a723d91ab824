#include "services/activities/module.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "services/activities/hand_over.h"
#include "services/activities/lead_consumer.h"
#include "services/activities/schedule.h"
#include "services/activities/task_service.h"
#include "services/activities/workflow_consumer.h"

namespace crm::activities {

std::vector<const google::protobuf::Descriptor*> Records() {
  return {v1::Task::descriptor(), v1::Note::descriptor(), v1::Reminder::descriptor()};
}

std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings) {
  return ActivityMethods(types, settings);
}

ServiceDefinition Define(const entity::Settings& settings) {
  ServiceDefinition service;
  service.name = "activities";
  service.types = std::make_shared<RecordTypes>(Records());
  service.migrations = Migrations();
  service.methods = Methods(*service.types, settings);
  service.consumers = {LeadsConsumer(), IdentityConsumer(), WorkflowConsumer()};
  service.timers = Timers();
  service.timers.push_back(HandOverTimer());
  service.asks = {"identity"};
  return service;
}

}  // namespace crm::activities
