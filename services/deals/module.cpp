#include "services/deals/module.h"

#include "crm/deals/v1/deal_events.pb.h"
#include "services/deals/deal_consumer.h"
#include "services/deals/deal_service.h"
#include "services/deals/pipeline_service.h"

namespace crm::deals {

std::vector<pg::Migration> Migrations();  // of migrations/, embedded by the build

std::vector<const google::protobuf::Descriptor*> Records() {
  return {v1::Pipeline::descriptor(), v1::Deal::descriptor()};
}

ServiceDefinition Define(const entity::Settings& settings) {
  return DefineOver(std::make_shared<const RecordTypes>(Records()), settings);
}

ServiceDefinition DefineOver(std::shared_ptr<const RecordTypes> record_types,
                             const entity::Settings& settings) {
  const RecordTypes& types = *record_types;
  ServiceDefinition service;
  service.name = "deals";
  service.types = std::move(record_types);
  service.migrations = Migrations();
  auto hand_overs = std::make_shared<const people::HandOvers>(
      std::vector<people::Movable>{{&types.Of(v1::Deal::descriptor()), "state = OPEN"}});
  service.methods = PipelineMethods(types, settings);
  auto deals = DealMethods(types, settings, hand_overs);
  service.methods.insert(service.methods.end(), deals.begin(), deals.end());
  service.consumers = {LeadsConsumer(), hand_overs->Consumer("deals.on_identity")};
  service.timers = {hand_overs->Timer()};
  service.asks = {"identity"};
  return service;
}

}  // namespace crm::deals
