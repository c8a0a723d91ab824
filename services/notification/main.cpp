// crm-notification: the service as a process of its own.
#include "libs/process/run.h"
#include "services/notification/module.h"

int main(int argc, char** argv) {
  return crm::RunServices(
      {.name = "crm-notification", .services = {{"notification", crm::notification::Define}}}, argc,
      argv);
}
