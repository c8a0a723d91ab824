// ReportLeads: counted by the store, within what the caller may list (L13).
#include <algorithm>

#include "crm/leads/v1/lead_service.pb.h"
#include "libs/command/access.h"
#include "libs/entity/standard_methods.h"
#include "services/leads/lead_service.h"

namespace crm::leads {

using v1::Lead;
using v1::ReportLeadsRequest;
using v1::ReportLeadsResponse;

namespace {

std::string ColumnOf(ReportLeadsRequest::Dimension dimension) {
  switch (dimension) {
    case ReportLeadsRequest::SOURCE:
      return "source";
    case ReportLeadsRequest::DAY:
      return "arrival_date";
    case ReportLeadsRequest::CAMPAIGN:
      return "campaign";
    case ReportLeadsRequest::STATE:
      return "state";
    case ReportLeadsRequest::OWNER:
      return "owner";
    default:
      return "";
  }
}

void Set(const std::string& column, const ColumnValue& value, ReportLeadsResponse::Row& row) {
  const auto* number = std::get_if<int64_t>(&value);
  if (number != nullptr) row.set_state(static_cast<Lead::State>(*number));
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return;
  if (column == "source") row.set_source(*text);
  if (column == "arrival_date") row.set_day(*text);
  if (column == "campaign") row.set_campaign(*text);
  if (column == "owner") row.set_owner(*text);
}

Result<ReportLeadsResponse> ReportLeads(Call& call, const ReportLeadsRequest& request) {
  const RecordType& type = call.types().Of(Lead::descriptor());
  auto filter = filter::ParseAndCheck(request.filter(), type.filter_schema());
  if (!filter.ok()) return filter.status();
  auto scope = ScopeFilter(type, call.principal(), call.context().action);
  if (!scope.ok()) return scope.status();
  if (*scope) filter = filter->And(**scope);
  AggregateQuery query;
  query.type = &type;
  query.tenant = call.tenant();
  query.filter = &*filter;
  query.now = call.now();
  for (int dimension : request.group_by()) {
    query.group_by.push_back(ColumnOf(static_cast<ReportLeadsRequest::Dimension>(dimension)));
    bool twice =
        std::count(query.group_by.begin(), query.group_by.end(), query.group_by.back()) > 1;
    if (query.group_by.back().empty() || twice) {
      return InvalidField("group_by", "has a dimension that is unknown or named twice");
    }
  }
  auto rows = call.store().Aggregate(query, call.stop());
  if (!rows.ok()) return rows.status();
  ReportLeadsResponse response;
  for (const auto& each : *rows) {
    auto* row = response.add_rows();
    for (size_t i = 0; i < each.group.size(); ++i) Set(query.group_by[i], each.group[i], *row);
    row->set_count(each.count);
  }
  return response;
}

}  // namespace

std::vector<MethodBinding> ReportMethods() {
  return {Bind<ReportLeadsRequest, ReportLeadsResponse>(
      entity::FindService("crm.leads.v1.LeadService"), "ReportLeads", ReportLeads)};
}

}  // namespace crm::leads
