// crm-leads: the service as a process of its own.
#include "libs/process/run.h"
#include "services/leads/module.h"

int main(int argc, char** argv) {
  return crm::RunServices({.name = "crm-leads", .services = {{"leads", crm::leads::Define}}}, argc,
                          argv);
}
