#include "services/analytics/projection.h"

#include <google/protobuf/util/message_differencer.h>

#include <set>

#include "crm/deals/v1/deal_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"

namespace crm::analytics {

namespace {

std::string RowName(const RecordType& type, int64_t generation, const std::string& key) {
  return type.Name(NamedUuid(type.table() + "/" + std::to_string(generation), key));
}

// Writes what differs, so that an event that moves no stage costs one row.
Status ProjectEntries(Call& call, const deals::v1::Deal& deal, const v1::DealFact* before,
                      v1::DealFact& fact) {
  std::set<std::string> gone;
  if (before != nullptr) {
    gone.insert(before->entered_stages().begin(), before->entered_stages().end());
  }
  for (auto& entry : StageEntries(deal, fact.generation())) {
    entry.set_name(StageEntryName(call.types(), fact.generation(), deal.name(), entry.stage()));
    fact.add_entered_stages(entry.stage());
    gone.erase(entry.stage());
    auto known = call.Find<v1::StageEntryFact>(entry.name());
    if (!known.ok()) return known.status();
    if (*known && google::protobuf::util::MessageDifferencer::Equals(**known, entry)) continue;
    if (auto status = call.Project(entry); !status.ok()) return status;
  }
  const RecordType& type = call.types().Of(v1::StageEntryFact::descriptor());
  for (const auto& stage : gone) {
    auto name = StageEntryName(call.types(), fact.generation(), deal.name(), stage);
    if (auto status = call.Erase(type, name); !status.ok()) return status;
  }
  return Status::Ok();
}

template <class Record>
Status IntoGenerations(Call& call, const Record& record, const events::Event& event) {
  auto generations = LoadGenerations(call);
  if (!generations.ok()) return generations.status();
  for (int64_t generation : {generations->active(), generations->building()}) {
    if (generation == 0) continue;
    auto status = Project(call, record, {generation, event.row.version(), event.recorded});
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

Status OnDeal(Call& call, const deals::v1::DealEvent& event, const events::Event& arrived) {
  return IntoGenerations(call, event.deal(), arrived);
}

Status OnLead(Call& call, const leads::v1::LeadEvent& event, const events::Event& arrived) {
  return IntoGenerations(call, event.lead(), arrived);
}

}  // namespace

std::string DealFactName(const RecordTypes& types, int64_t generation, const std::string& deal) {
  return RowName(types.Of(v1::DealFact::descriptor()), generation, deal);
}

std::string LeadFactName(const RecordTypes& types, int64_t generation, const std::string& lead) {
  return RowName(types.Of(v1::LeadFact::descriptor()), generation, lead);
}

std::string StageEntryName(const RecordTypes& types, int64_t generation, const std::string& deal,
                           const std::string& stage) {
  return RowName(types.Of(v1::StageEntryFact::descriptor()), generation, deal + "/" + stage);
}

Status Project(Call& call, const deals::v1::Deal& deal, const Moment& moment) {
  v1::DealFact fact = FactOf(deal, moment);
  fact.set_name(DealFactName(call.types(), moment.generation, deal.name()));
  auto before = call.Find<v1::DealFact>(fact.name());
  if (!before.ok()) return before.status();
  if (*before && (*before)->subject_version() >= moment.version) return Status::Ok();
  const v1::DealFact* known = *before ? &**before : nullptr;
  if (auto status = ProjectEntries(call, deal, known, fact); !status.ok()) return status;
  return call.Project(fact);
}

Status Project(Call& call, const leads::v1::Lead& lead, const Moment& moment) {
  v1::LeadFact fact = FactOf(lead, moment);
  fact.set_name(LeadFactName(call.types(), moment.generation, lead.name()));
  auto before = call.Find<v1::LeadFact>(fact.name());
  if (!before.ok()) return before.status();
  if (*before && (*before)->subject_version() >= moment.version) return Status::Ok();
  return call.Project(fact);
}

Result<v1::Generations> LoadGenerations(Call& call) {
  std::string name =
      call.types().Of(v1::Generations::descriptor()).Name(NamedUuid("generations", ""));
  auto known = call.Find<v1::Generations>(name);
  if (!known.ok()) return known.status();
  if (*known) return **known;
  v1::Generations first;
  first.set_name(name);
  first.set_active(1);
  return first;
}

std::vector<events::EventConsumer> Consumers() {
  events::EventConsumer deals;
  deals.name = "analytics.on_deals";
  deals.sources = {"deals"};
  deals.functions = {events::On<deals::v1::DealEvent>(OnDeal)};
  events::EventConsumer leads;
  leads.name = "analytics.on_leads";
  leads.sources = {"leads"};
  leads.functions = {events::On<leads::v1::LeadEvent>(OnLead)};
  return {deals, leads};
}

}  // namespace crm::analytics
