#include "tests/scenario/every_service.h"

#include "libs/entity/page_tokens.h"
#include "services/activities/module.h"
#include "services/analytics/module.h"
#include "services/contacts/module.h"
#include "services/deals/module.h"
#include "services/identity/module.h"
#include "services/inventory/module.h"
#include "services/leads/module.h"
#include "services/notification/module.h"
#include "services/workflow/module.h"

namespace crm::test {

std::vector<ServiceDefinition> EveryService(
    const std::shared_ptr<const identity::Secrets>& secrets) {
  static const entity::PageTokens tokens = *entity::PageTokens::Create(std::string(32, 's'));
  entity::Settings settings;
  settings.page_tokens = &tokens;
  std::vector<ServiceDefinition> services;
  services.push_back(identity::Define(settings, secrets));
  services.push_back(leads::Define(settings));
  services.push_back(contacts::Define(settings));
  services.push_back(deals::Define(settings));
  services.push_back(activities::Define(settings));
  services.push_back(inventory::Define(settings));
  services.push_back(notification::Define(settings));
  services.push_back(analytics::Define(settings));
  services.push_back(workflow::Define(settings));
  return services;
}

}  // namespace crm::test
