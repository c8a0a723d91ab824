#include "services/leads/settings.h"

#include "crm/leads/v1/intake_service.pb.h"
#include "libs/entity/standard_methods.h"

namespace crm::leads {

using v1::GetLeadSettingsRequest;
using v1::LeadSettings;
using v1::UpdateLeadSettingsRequest;

namespace {

Result<LeadSettings> Update(Call& call, const entity::Crud& crud,
                            const UpdateLeadSettingsRequest& request) {
  LeadSettings body = request.lead_settings();
  body.set_name(crud.type().Name(SettingsId()));
  auto known = call.Find<LeadSettings>(body.name());
  if (!known.ok()) return known.status();
  if (!*known) {
    // The mask is judged as it would be over settings that are there.
    if (auto status = crud.CheckMask(request.update_mask(), body); !status.ok()) return status;
  }
  auto stored = *known ? crud.Update(call, body, request.update_mask(), "lead_settings")
                       : crud.Create(call, body, SettingsId(), "lead_settings");
  if (!stored.ok()) return stored.status();
  return LeadSettings(dynamic_cast<const LeadSettings&>(**stored));
}

}  // namespace

Uuid SettingsId() {
  return NamedUuid("lead_settings", "lead_settings");
}

Result<LeadSettings> ReadSettings(Call& call) {
  const RecordType& type = call.types().Of(LeadSettings::descriptor());
  auto known = call.Find<LeadSettings>(type.Name(SettingsId()));
  if (!known.ok()) return known.status();
  LeadSettings settings = known->value_or(LeadSettings());
  settings.set_name(type.Name(SettingsId()));
  return settings;
}

std::vector<MethodBinding> SettingsMethods(const RecordTypes& types,
                                           const entity::Settings& settings) {
  const auto* service = entity::FindService("crm.leads.v1.LeadSettingsService");
  auto crud = std::make_shared<entity::Crud>(types.Of(LeadSettings::descriptor()), settings,
                                             entity::Hooks());
  return {Bind<GetLeadSettingsRequest, LeadSettings>(
              service, "GetLeadSettings",
              [](Call& call, const GetLeadSettingsRequest&) { return ReadSettings(call); }),
          Bind<UpdateLeadSettingsRequest, LeadSettings>(
              service, "UpdateLeadSettings",
              [crud](Call& call, const UpdateLeadSettingsRequest& request) {
                return Update(call, *crud, request);
              })};
}

}  // namespace crm::leads
