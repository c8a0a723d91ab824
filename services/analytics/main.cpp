// crm-analytics: the service as a process of its own.
#include "libs/process/run.h"
#include "services/analytics/module.h"

int main(int argc, char** argv) {
  return crm::RunServices(
      {.name = "crm-analytics", .services = {{"analytics", crm::analytics::Define}}}, argc, argv);
}
