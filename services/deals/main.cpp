// crm-deals: the service as a process of its own.
#include "libs/process/run.h"
#include "services/deals/module.h"

int main(int argc, char** argv) {
  return crm::RunServices({.name = "crm-deals", .services = {{"deals", crm::deals::Define}}}, argc,
                          argv);
}
