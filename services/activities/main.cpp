// crm-activities: the service as a process of its own.
#include "libs/process/run.h"
#include "services/activities/module.h"

int main(int argc, char** argv) {
  return crm::RunServices(
      {.name = "crm-activities", .services = {{"activities", crm::activities::Define}}}, argc,
      argv);
}
