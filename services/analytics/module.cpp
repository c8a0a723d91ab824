#include "services/analytics/module.h"

#include "crm/analytics/v1/analytics_service.pb.h"
#include "services/analytics/projection.h"
#include "services/analytics/rebuild.h"
#include "services/analytics/report.h"

namespace crm::analytics {

std::vector<pg::Migration> Migrations();  // of migrations/, see cmake/CrmTargets.cmake

std::vector<const google::protobuf::Descriptor*> Records() {
  return {v1::DealFact::descriptor(), v1::StageEntryFact::descriptor(), v1::LeadFact::descriptor(),
          v1::Generations::descriptor(), v1::Rebuild::descriptor()};
}

std::vector<MethodBinding> Methods() {
  const auto* service = entity::FindService("crm.analytics.v1.AnalyticsService");
  return {
      Bind<v1::ReportPipelineRequest, v1::ReportResponse>(service, "ReportPipeline",
                                                          ReportPipeline),
      Bind<v1::ReportFunnelRequest, v1::ReportResponse>(service, "ReportFunnel", ReportFunnel),
      Bind<v1::ReportLeadsRequest, v1::ReportResponse>(service, "ReportLeads", ReportLeads),
      Bind<v1::RebuildAnalyticsRequest, v1::Rebuild>(service, "RebuildAnalytics", RebuildAnalytics),
      Bind<v1::GetRebuildRequest, v1::Rebuild>(service, "GetRebuild", GetRebuild),
  };
}

ServiceDefinition Define(const entity::Settings&) {
  ServiceDefinition service;
  service.name = "analytics";
  service.types = std::make_shared<RecordTypes>(Records());
  service.migrations = Migrations();
  service.methods = Methods();
  service.consumers = Consumers();
  service.timers = {RebuildStep()};
  service.asks = RebuildSources();
  return service;
}

}  // namespace crm::analytics
