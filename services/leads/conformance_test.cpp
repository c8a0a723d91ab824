// The suite that every entity passes, over those of this service.
#include "libs/entity/conformance.h"

#include <set>
#include <string>

#include "crm/leads/v1/intake.pb.h"
#include "crm/leads/v1/lead.pb.h"
#include "services/leads/module.h"
#include "services/leads/settings.h"

namespace crm::leads {
namespace {

using entity::ConformanceHost;
using google::protobuf::Message;

std::vector<MethodBinding> TestMethods(const RecordTypes& types) {
  static const auto tokens = *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  entity::Settings settings;
  settings.page_tokens = &tokens;
  return Methods(types, settings);
}

void AdjustForm(ConformanceHost&, Message& example, int) {
  auto& form = dynamic_cast<v1::Form&>(example);
  for (auto& [key, target] : *form.mutable_field_mapping()) target = "display_name";
}

void AdjustRule(ConformanceHost&, Message& example, int) {
  auto& rule = dynamic_cast<v1::AssignmentRule&>(example);
  rule.set_condition("campaign = \"spring\"");
}

class Conformance : public entity::ConformanceTest {};

TEST_P(Conformance, Holds) {
  Run();
}

std::vector<entity::ConformanceCase> Cases() {
  return entity::ConformanceCases(
      {.records = Records(),
       .methods = TestMethods,
       .migrations = "services/leads/migrations",
       .entities = {
           {"crm.leads.v1.LeadService", v1::Lead::descriptor()},
           {"crm.leads.v1.SourceService", v1::Source::descriptor()},
           {"crm.leads.v1.FormService", v1::Form::descriptor(), AdjustForm, {"field_mapping"}},
           {"crm.leads.v1.AssignmentRuleService",
            v1::AssignmentRule::descriptor(),
            AdjustRule,
            {"condition", "distribution"}},
           {.service = "crm.leads.v1.LeadSettingsService",
            .record = v1::LeadSettings::descriptor(),
            .only = [](const Uuid&) { return SettingsId(); }}}});
}

INSTANTIATE_TEST_SUITE_P(Leads, Conformance, ::testing::ValuesIn(Cases()),
                         entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::leads
