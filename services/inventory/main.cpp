// crm-inventory: the service as a process of its own.
#include "libs/process/run.h"
#include "services/inventory/module.h"

int main(int argc, char** argv) {
  return crm::RunServices(
      {.name = "crm-inventory", .services = {{"inventory", crm::inventory::Define}}}, argc, argv);
}
