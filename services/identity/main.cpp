// crm-identity: the service as a process of its own.
#include "libs/process/run.h"
#include "services/identity/bootstrap_command.h"
#include "services/identity/module.h"

int main(int argc, char** argv) {
  return crm::RunServices({.name = "crm-identity",
                           .services = {{"identity", crm::identity::Define}},
                           .commands = {{"bootstrap", crm::identity::BootstrapCommand()}}},
                          argc, argv);
}
