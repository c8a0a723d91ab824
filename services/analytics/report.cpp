#include "services/analytics/report.h"

#include <algorithm>

#include "libs/command/access.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "services/analytics/projection.h"

namespace crm::analytics {

using filter::CheckedFilter;

namespace {

// What a report is about.
struct Question {
  const RecordType* type;
  // Fields that it may be grouped by.
  std::vector<std::string> groups;
  std::vector<std::string> group_by;
  CheckedFilter filter;
  bool with_sums = true;
};

Status CheckGroups(const Question& question) {
  for (size_t i = 0; i < question.group_by.size(); ++i) {
    const auto& field = question.group_by[i];
    std::string path = "group_by[" + std::to_string(i) + "]";
    if (std::find(question.groups.begin(), question.groups.end(), field) == question.groups.end()) {
      std::string known;
      for (const auto& group : question.groups) known += (known.empty() ? "" : ", ") + group;
      return InvalidField(path, "must be one of " + known);
    }
    if (std::count(question.group_by.begin(), question.group_by.end(), field) > 1) {
      return InvalidField(path, "must be named once");
    }
  }
  return Status::Ok();
}

// The caller's filter, within the active generation and the caller's scope.
Result<CheckedFilter> Restricted(Call& call, const Question& question) {
  const auto& schema = question.type->filter_schema();
  auto generations = LoadGenerations(call);
  if (!generations.ok()) return generations.status();
  auto generation =
      filter::FieldEquals(schema, "generation", std::to_string(generations->active()));
  if (!generation.ok()) return generation;
  CheckedFilter all = question.filter.And(*generation);
  if (question.type->FindColumn("live") != nullptr) {
    auto live = filter::FieldEquals(schema, "live", "true");
    if (!live.ok()) return live;
    all = all.And(*live);
  }
  auto scope = ScopeFilter(*question.type, call.principal(), call.context().action);
  if (!scope.ok()) return scope.status();
  return *scope ? all.And(**scope) : all;
}

// When the newest of the facts was recorded; unset where there is none.
Status SetFreshness(Call& call, const RecordType& type, const CheckedFilter& filter,
                    v1::ReportResponse& response) {
  if (type.FindColumn("recorded_time") == nullptr) return Status::Ok();
  ListQuery query;
  query.type = &type;
  query.tenant = call.tenant();
  query.filter = &filter;
  query.now = call.now();
  query.order = {{"recorded_time", true}};
  query.limit = 1;
  auto newest = call.store().List(query, call.stop());
  if (!newest.ok()) return newest.status();
  if (newest->empty()) return Status::Ok();
  auto fact = type.NewMessage();
  if (auto status = DecodeRecord(newest->front().record.body, *fact); !status.ok()) return status;
  const auto* field = type.message()->FindFieldByName("recorded_time");
  response.mutable_last_recorded_time()->CopyFrom(fact->GetReflection()->GetMessage(*fact, field));
  return Status::Ok();
}

Result<v1::ReportResponse> Answer(Call& call, const Question& question) {
  if (auto status = CheckGroups(question); !status.ok()) return status;
  auto filter = Restricted(call, question);
  if (!filter.ok()) return filter.status();
  AggregateQuery query;
  query.type = question.type;
  query.tenant = call.tenant();
  query.filter = &*filter;
  query.now = call.now();
  query.group_by = question.group_by;
  if (question.with_sums) {
    query.group_by.push_back("currency_code");
    query.sum = "amount_minor";
  }
  auto rows = call.store().Aggregate(query, call.stop());
  if (!rows.ok()) return rows.status();
  v1::ReportResponse response;
  for (auto& row : Merge(*rows, *question.type, question.group_by, question.with_sums)) {
    *response.add_rows() = std::move(row);
  }
  for (const auto& field : question.group_by) response.add_group_by(field);
  if (auto status = SetFreshness(call, *question.type, *filter, response); !status.ok()) {
    return status;
  }
  return response;
}

std::string TextOf(const RecordType& type, const std::string& field, const ColumnValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* number = std::get_if<int64_t>(&value);
  if (number == nullptr) return "";
  const auto* enumeration = type.message()->FindFieldByName(field)->enum_type();
  const auto* named = enumeration->FindValueByNumber(static_cast<int>(*number));
  return named == nullptr ? std::to_string(*number) : named->name();
}

template <class Fields>
std::vector<std::string> ToVector(const Fields& fields) {
  return {fields.begin(), fields.end()};
}

}  // namespace

std::vector<v1::ReportRow> Merge(const std::vector<AggregateRow>& rows, const RecordType& type,
                                 const std::vector<std::string>& group_by, bool with_sums) {
  std::vector<v1::ReportRow> merged;
  for (const auto& row : rows) {
    std::vector<std::string> values;
    for (size_t i = 0; i < group_by.size(); ++i) {
      values.push_back(TextOf(type, group_by[i], row.group[i]));
    }
    if (merged.empty() || ToVector(merged.back().values()) != values) {
      auto& fresh = merged.emplace_back();
      for (const auto& value : values) fresh.add_values(value);
    }
    auto& into = merged.back();
    into.set_count(into.count() + row.count);
    if (!with_sums) continue;
    const auto* currency = std::get_if<std::string>(&row.group.back());
    // Facts without an amount are counted and add nothing.
    if (currency == nullptr || currency->empty()) continue;
    auto* sum = into.add_sums();
    sum->set_currency_code(*currency);
    sum->set_amount_minor(row.sum);
  }
  for (auto& row : merged) {
    if (row.sums_size() != 1) continue;
    row.set_sum_minor(row.sums(0).amount_minor());
    row.set_currency_code(row.sums(0).currency_code());
    row.clear_sums();
  }
  return merged;
}

Result<v1::ReportResponse> ReportPipeline(Call& call, const v1::ReportPipelineRequest& request) {
  const RecordType& type = call.types().Of(v1::DealFact::descriptor());
  auto filter = filter::ParseAndCheck(request.filter(), type.filter_schema());
  if (!filter.ok()) return filter.status();
  return Answer(call, {.type = &type,
                       .groups = {"stage", "owner", "source", "department", "product", "pipeline",
                                  "state", "open_quarter", "close_quarter"},
                       .group_by = ToVector(request.group_by()),
                       .filter = *filter});
}

Result<v1::ReportResponse> ReportFunnel(Call& call, const v1::ReportFunnelRequest& request) {
  if (request.pipeline().empty()) return InvalidField("pipeline", "must be set");
  const RecordType& type = call.types().Of(v1::StageEntryFact::descriptor());
  auto asked = filter::ParseAndCheck(request.filter(), type.filter_schema());
  if (!asked.ok()) return asked.status();
  auto pipeline = filter::FieldEquals(type.filter_schema(), "pipeline", request.pipeline());
  if (!pipeline.ok()) return pipeline.status();
  Question question{
      .type = &type,
      .groups = {"stage", "owner", "source", "department", "product", "enter_quarter"},
      .group_by = {"stage"},
      .filter = asked->And(*pipeline)};
  for (const auto& field : request.group_by()) question.group_by.push_back(field);
  auto limit = [&](const google::protobuf::Timestamp& time, const std::string& comparison) {
    auto part = filter::ParseAndCheck(
        "enter_time " + comparison + " \"" + FormatTime(ToTime(time)) + "\"", type.filter_schema());
    if (part.ok()) question.filter = question.filter.And(*part);
    return part.status();
  };
  if (request.has_start_time()) {
    if (auto status = limit(request.start_time(), ">="); !status.ok()) return status;
  }
  if (request.has_end_time()) {
    if (auto status = limit(request.end_time(), "<"); !status.ok()) return status;
  }
  return Answer(call, question);
}

Result<v1::ReportResponse> ReportLeads(Call& call, const v1::ReportLeadsRequest& request) {
  const RecordType& type = call.types().Of(v1::LeadFact::descriptor());
  auto filter = filter::ParseAndCheck(request.filter(), type.filter_schema());
  if (!filter.ok()) return filter.status();
  return Answer(call, {.type = &type,
                       .groups = {"source", "day", "campaign", "owner", "department", "state"},
                       .group_by = ToVector(request.group_by()),
                       .filter = *filter,
                       .with_sums = false});
}

}  // namespace crm::analytics
