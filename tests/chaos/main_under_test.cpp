// crm-all with the bench's witness among its services: the process that is killed.
#include "services/all/services.h"
#include "tests/chaos/witness.h"

int main(int argc, char** argv) {
  auto process = crm::AllServices();
  process.services.emplace("witness", crm::chaos::DefineWitness);
  return crm::RunServices(process, argc, argv);
}
