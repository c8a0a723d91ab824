#include "services/analytics/facts.h"

#include <google/protobuf/util/time_util.h>

#include <set>

namespace crm::analytics {

using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

namespace {

Time FromProto(const Timestamp& time) {
  return Time(Duration(TimeUtil::TimestampToMicroseconds(time)));
}

std::chrono::year_month_day DateOf(Time time) {
  return std::chrono::floor<std::chrono::days>(time);
}

}  // namespace

std::string QuarterOf(Time time) {
  auto date = DateOf(time);
  unsigned quarter = (static_cast<unsigned>(date.month()) - 1) / 3 + 1;
  return std::to_string(static_cast<int>(date.year())) + "-Q" + std::to_string(quarter);
}

std::string DayOf(Time time) {
  return FormatTime(time).substr(0, 10);
}

v1::DealFact FactOf(const deals::v1::Deal& deal, const Moment& moment) {
  v1::DealFact fact;
  fact.set_generation(moment.generation);
  fact.set_deal(deal.name());
  fact.set_live(!deal.has_delete_time());
  fact.set_subject_version(moment.version);
  *fact.mutable_recorded_time() =
      TimeUtil::MicrosecondsToTimestamp(moment.recorded.time_since_epoch().count());
  fact.set_pipeline(deal.pipeline());
  fact.set_stage(deal.stage());
  fact.set_state(deal.state());
  fact.set_owner(deal.owner());
  fact.set_department(deal.department());
  fact.set_source(deal.source());
  fact.set_product(deal.product());
  fact.set_amount_minor(deal.amount().amount_minor());
  fact.set_currency_code(deal.amount().currency_code());
  if (!deal.stage_history().empty() && deal.stage_history(0).has_enter_time()) {
    *fact.mutable_open_time() = deal.stage_history(0).enter_time();
    fact.set_open_quarter(QuarterOf(FromProto(fact.open_time())));
  }
  if (deal.has_close_time()) {
    *fact.mutable_close_time() = deal.close_time();
    fact.set_close_quarter(QuarterOf(FromProto(fact.close_time())));
  }
  return fact;
}

v1::LeadFact FactOf(const leads::v1::Lead& lead, const Moment& moment) {
  v1::LeadFact fact;
  fact.set_generation(moment.generation);
  fact.set_lead(lead.name());
  fact.set_live(!lead.has_delete_time());
  fact.set_subject_version(moment.version);
  *fact.mutable_recorded_time() =
      TimeUtil::MicrosecondsToTimestamp(moment.recorded.time_since_epoch().count());
  fact.set_source(lead.source());
  fact.set_campaign(lead.campaign());
  fact.set_owner(lead.owner());
  fact.set_department(lead.department());
  fact.set_state(lead.state());
  if (lead.has_create_time()) fact.set_day(DayOf(FromProto(lead.create_time())));
  return fact;
}

std::vector<v1::StageEntryFact> StageEntries(const deals::v1::Deal& deal, int64_t generation) {
  std::vector<v1::StageEntryFact> entries;
  if (deal.has_delete_time()) return entries;
  std::set<std::string> seen;
  for (const auto& visit : deal.stage_history()) {
    if (!seen.insert(visit.stage()).second) continue;
    v1::StageEntryFact& entry = entries.emplace_back();
    entry.set_generation(generation);
    entry.set_deal(deal.name());
    entry.set_stage(visit.stage());
    entry.set_pipeline(deal.pipeline());
    entry.set_owner(deal.owner());
    entry.set_department(deal.department());
    entry.set_source(deal.source());
    entry.set_product(deal.product());
    entry.set_amount_minor(deal.amount().amount_minor());
    entry.set_currency_code(deal.amount().currency_code());
    if (!visit.has_enter_time()) continue;
    *entry.mutable_enter_time() = visit.enter_time();
    entry.set_enter_quarter(QuarterOf(FromProto(visit.enter_time())));
  }
  return entries;
}

}  // namespace crm::analytics
