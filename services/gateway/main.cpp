// crm-gateway: the HTTP edge as a process of its own.
#include <optional>

#include "libs/rpc/channels.h"
#include "libs/runtime/app.h"
#include "services/gateway/module.h"

namespace {

std::optional<crm::rpc::TlsOptions> ClientTls(const crm::config::v1::Rpc& rpc) {
  if (rpc.ca_file().empty()) return std::nullopt;
  return crm::rpc::TlsOptions{rpc.ca_file(), rpc.client_certificate_file(), rpc.client_key_file()};
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<crm::rpc::RoutedChannels> channels;
  return crm::runtime::Run(
      {.name = "crm-gateway",
       .modules = {"gateway"},
       .add_modules =
           [&](crm::runtime::AppContext& context, crm::runtime::ModuleManager& modules) {
             const auto& services = context.config.services();
             channels.emplace(crm::rpc::RoutedChannels::Routes(services.begin(), services.end()),
                              ClientTls(context.config.rpc()));
             modules.Add(crm::gateway::MakeModule(context, *channels));
             return crm::Status();
           }},
      {argv + 1, argv + argc});
}
