// crm-all: any set of modules in one process; --target says which. The same code as one process a
// service.
#include "services/all/services.h"

int main(int argc, char** argv) {
  return crm::RunServices(crm::AllServices(), argc, argv);
}
