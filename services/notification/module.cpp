#include "services/notification/module.h"

#include "crm/notification/v1/notification_events.pb.h"
#include "services/notification/consumers.h"
#include "services/notification/notification_service.h"
#include "services/notification/workflow_consumer.h"

namespace crm::notification {

std::vector<const google::protobuf::Descriptor*> Records() {
  return {v1::Notification::descriptor()};
}

std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings) {
  return NotificationMethods(types, settings);
}

ServiceDefinition Define(const entity::Settings& settings) {
  ServiceDefinition service;
  service.name = "notification";
  service.types = std::make_shared<RecordTypes>(Records());
  service.migrations = Migrations();
  service.methods = Methods(*service.types, settings);
  service.consumers = {ActivitiesConsumer(), LeadsConsumer(), WorkflowConsumer()};
  service.asks = {"identity"};
  return service;
}

}  // namespace crm::notification
