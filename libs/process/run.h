// RunServices: main() of crm-all and of every crm-<service>. Builds the process of its
// configuration's target: a ServiceHost per service, one RPC server for all of them, and what else
// the caller adds (the gateway).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crm/config/v1/config.pb.h"
#include "libs/entity/crud.h"
#include "libs/rpc/client.h"
#include "libs/runtime/app.h"
#include "libs/service/service.h"

namespace crm {

// The function of a service's module.h that defines it: `ServiceDefinition Define(const
// entity::Settings&)`, or, where it needs files that the configuration names,
// `Result<ServiceDefinition> Define(const entity::Settings&, const config::v1::Config&)`.
class DefineService {
 public:
  using Plain = ServiceDefinition (*)(const entity::Settings&);
  using Configured = Result<ServiceDefinition> (*)(const entity::Settings&,
                                                   const config::v1::Config&);
  DefineService(Plain plain) : plain_(plain) {}                      // NOLINT: implicit by design
  DefineService(Configured configured) : configured_(configured) {}  // NOLINT

  Result<ServiceDefinition> operator()(const entity::Settings& settings,
                                       const config::v1::Config& config) const {
    if (plain_ != nullptr) return plain_(settings);
    return configured_(settings, config);
  }

 private:
  Plain plain_ = nullptr;
  Configured configured_ = nullptr;
};

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
