// RoutedChannels: the ChannelFactory of configuration. It maps proto packages to addresses.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "libs/rpc/client.h"

namespace crm::rpc {

// Thread-safe. One client per address, made when it is first asked for and kept. A route is a
// package ("crm.leads.v1") or a service ("crm.leads.v1.LeadService"); the longest one that covers
// the service decides, and "" covers all.
class RoutedChannels final : public ChannelFactory {
 public:
  using Routes = std::map<std::string, std::string>;  // route -> address

  explicit RoutedChannels(Routes routes = {}, std::optional<TlsOptions> tls = std::nullopt,
                          IdleReader reader = IdleReader::kWatch);

  Result<std::shared_ptr<RpcClient>> ForService(const std::string& proto_service) override;
  // Adds or replaces a route. In one process the server's own address is known only after all
  // modules have been built with this factory: the composition root then says Route("",
  // server->address()).
  void Route(const std::string& route, const std::string& address);

 private:
  const std::optional<TlsOptions> tls_;
  const IdleReader reader_;
  std::mutex mutex_;
  Routes routes_;                                              // GUARDED_BY(mutex_)
  std::map<std::string, std::shared_ptr<RpcClient>> clients_;  // by address; GUARDED_BY(mutex_)
};

}  // namespace crm::rpc
