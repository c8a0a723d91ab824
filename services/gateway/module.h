// The module "gateway" of a process: options from the configuration, and the gateway's life.
#pragma once

#include <memory>

#include "crm/config/v1/config.pb.h"
#include "libs/rpc/client.h"
#include "libs/runtime/app.h"
#include "libs/runtime/module.h"
#include "services/gateway/gateway.h"

namespace crm::gateway {

// INVALID_ARGUMENT (CONFIG_INVALID) for a listen address that is not host:port with a numeric host.
Result<GatewayOptions> OptionsOf(const config::v1::Config& config);

// Starts after the module "rpc" of the same process, if there is one, and stops before it. Its
// /readyz turns as soon as the process's health is withdrawn. `context` and `channels` outlive it.
std::unique_ptr<runtime::Module> MakeModule(runtime::AppContext& context,
                                            rpc::ChannelFactory& channels);

}  // namespace crm::gateway
