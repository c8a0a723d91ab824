#include "services/activities/module.h"

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/activities/v1/meeting.pb.h"
#include "services/activities/deal_consumer.h"
#include "services/activities/hand_over.h"
#include "services/activities/lead_consumer.h"
#include "services/activities/meeting_service.h"
#include "services/activities/schedule.h"
#include "services/activities/task_service.h"
#include "services/activities/workflow_consumer.h"

namespace crm::activities {

std::vector<const google::protobuf::Descriptor*> Records() {
  return {v1::Task::descriptor(), v1::Note::descriptor(), v1::Reminder::descriptor(),
          v1::Meeting::descriptor()};
}

std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings) {
  auto methods = ActivityMethods(types, settings);
  auto meetings = MeetingMethods(types, settings);
  methods.insert(methods.end(), meetings.begin(), meetings.end());
  return methods;
}

ServiceDefinition Define(const entity::Settings& settings) {
  ServiceDefinition service;
  service.name = "activities";
  service.types = std::make_shared<RecordTypes>(Records());
  service.migrations = Migrations();
  service.methods = Methods(*service.types, settings);
  auto hand_overs = ActivityHandOvers(*service.types);
  service.consumers = {LeadsConsumer(), DealsConsumer(), WorkflowConsumer(),
                       hand_overs->Consumer("activities.on_identity")};
  service.timers = Timers();
  service.timers.push_back(hand_overs->Timer());
  service.asks = {"identity"};
  return service;
}

}  // namespace crm::activities
