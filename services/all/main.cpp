// crm-all: any set of modules in one process; --target says which. The same code as one process a
// service.
#include "libs/process/run.h"
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

int main(int argc, char** argv) {
  return crm::RunServices({.name = "crm-all",
                           .services = {{"identity", crm::identity::Define},
                                        {"leads", crm::leads::Define},
                                        {"contacts", crm::contacts::Define},
                                        {"deals", crm::deals::Define},
                                        {"activities", crm::activities::Define},
                                        {"inventory", crm::inventory::Define},
                                        {"workflow", crm::workflow::Define},
                                        {"notification", crm::notification::Define},
                                        {"analytics", crm::analytics::Define}},
                           .others = {{"gateway", crm::gateway::MakeModule}},
                           .commands = {{"bootstrap", crm::identity::BootstrapCommand()}}},
                          argc, argv);
}
