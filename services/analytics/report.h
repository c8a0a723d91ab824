// Report: groups and sums over the facts of the active generation that the caller's scope covers.
#pragma once

#include <string>
#include <vector>

#include "crm/analytics/v1/analytics_service.pb.h"
#include "libs/command/call.h"

namespace crm::analytics {

// The three reports; see the proto for what they refuse.
Result<v1::ReportResponse> ReportPipeline(Call& call, const v1::ReportPipelineRequest& request);
Result<v1::ReportResponse> ReportFunnel(Call& call, const v1::ReportFunnelRequest& request);
Result<v1::ReportResponse> ReportLeads(Call& call, const v1::ReportLeadsRequest& request);

// Rows of facts that are grouped by `group_by` and, last, by currency (where `with_sums`) become
// one row a group, with a sum for each currency. Pure.
std::vector<v1::ReportRow> Merge(const std::vector<AggregateRow>& rows, const RecordType& type,
                                 const std::vector<std::string>& group_by, bool with_sums);

}  // namespace crm::analytics
