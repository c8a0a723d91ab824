#include "libs/rpc/channels.h"

namespace crm::rpc {

RoutedChannels::RoutedChannels(Routes routes, std::optional<TlsOptions> tls, IdleReader reader)
    : tls_(std::move(tls)), reader_(reader), routes_(std::move(routes)) {}

void RoutedChannels::Route(const std::string& route, const std::string& address) {
  std::lock_guard lock(mutex_);
  routes_[route] = address;
}

Result<std::shared_ptr<RpcClient>> RoutedChannels::ForService(const std::string& proto_service) {
  std::lock_guard lock(mutex_);
  for (std::string route = proto_service;;) {
    auto found = routes_.find(route);
    if (found != routes_.end()) {
      auto& client = clients_[found->second];
      if (client == nullptr) client = RpcClient::Create(found->second, tls_, reader_);
      return client;
    }
    if (route.empty()) break;
    auto dot = route.rfind('.');
    route.resize(dot == std::string::npos ? 0 : dot);
  }
  return Unavailable("RPC_NO_ROUTE",
                     "No address is configured for " + proto_service + "; add a route for it.")
      .With("service", proto_service);
}

}  // namespace crm::rpc
