// RunServices: main() of crm-all and of every crm-<service>. Builds the process of its
// configuration's target: a ServiceHost per service, one RPC server for all of them, and what else
// the caller adds (the gateway).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/entity/crud.h"
#include "libs/rpc/client.h"
#include "libs/runtime/app.h"
#include "libs/service/service.h"

namespace crm {

// A service by its name, and the function of its module.h that defines it.
using DefineService = std::function<ServiceDefinition(const entity::Settings&)>;

struct ProcessDescription {
  std::string name;  // "crm-all"
  std::map<std::string, DefineService> services;
  // Modules besides the services, by name ("gateway"); started last.
  std::map<std::string, std::function<std::unique_ptr<runtime::Module>(runtime::AppContext&,
                                                                       rpc::ChannelFactory&)>>
      others = {};
  // Commands besides `migrate`.
  std::map<std::string, runtime::Command> commands = {};
};

// Returns the exit code; see libs/runtime/app.h. The command `migrate` brings the schemas of the
// target's services up to date.
int RunServices(const ProcessDescription& process, int argc, char** argv);

}  // namespace crm
