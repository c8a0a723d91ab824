// crm-contacts: the service as a process of its own.
#include "libs/process/run.h"
#include "services/contacts/module.h"

int main(int argc, char** argv) {
  return crm::RunServices(
      {.name = "crm-contacts", .services = {{"contacts", crm::contacts::Define}}}, argc, argv);
}
