// crm-workflow: the service as a process of its own.
#include "libs/process/run.h"
#include "services/workflow/module.h"

int main(int argc, char** argv) {
  return crm::RunServices(
      {.name = "crm-workflow", .services = {{"workflow", crm::workflow::Define}}}, argc, argv);
}
