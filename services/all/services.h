// The list of all services: what crm-all is made of.
#pragma once

#include "libs/process/run.h"

namespace crm {

// Named "crm-all"; a test process adds what it needs.
ProcessDescription AllServices();

}  // namespace crm
