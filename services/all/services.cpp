#include "services/all/services.h"

#include "services/activities/module.h"
#include "services/analytics/module.h"
#include "services/contacts/module.h"
#include "services/deals/module.h"
#include "services/gateway/module.h"
#include "services/identity/bootstrap_command.h"
#include "services/identity/module.h"
#include "services/inventory/module.h"
#include "services/leads/module.h"
#include "services/notification/module.h"
#include "services/workflow/module.h"

namespace crm {

ProcessDescription AllServices() {
  return {.name = "crm-all",
          .services = {{"identity", identity::Define},
                       {"leads", leads::Define},
                       {"contacts", contacts::Define},
                       {"deals", deals::Define},
                       {"activities", activities::Define},
                       {"inventory", inventory::Define},
                       {"workflow", workflow::Define},
                       {"notification", notification::Define},
                       {"analytics", analytics::Define}},
          .others = {{"gateway", gateway::MakeModule}},
          .commands = {{"bootstrap", identity::BootstrapCommand()}}};
}

}  // namespace crm
