// ServiceHost: runs a ServiceDefinition on PostgreSQL and Kafka as a module of a process. Its own
// pool, committer, executor, role and connections, also where many services share the process.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "crm/config/v1/config.pb.h"
#include "libs/rpc/client.h"
#include "libs/rpc/server.h"
#include "libs/runtime/app.h"
#include "libs/runtime/module.h"
#include "libs/service/service.h"

namespace crm {

// What a host shares with the others of its process.
struct HostParts {
  // Says who calls; the same for all services of a process.
  Authenticator* authenticator = nullptr;
  RateLimit* rate_limit = nullptr;  // nullptr: none
  // Runs the streams of all services.
  Executor* streams = nullptr;
  // For Call::Ask.
  RemoteReader* remote = nullptr;
};

class ServiceHost final : public runtime::Module {
 public:
  // Connects to the database; the schema must be migrated.
  static Result<std::unique_ptr<ServiceHost>> Create(ServiceDefinition definition,
                                                     runtime::AppContext& app,
                                                     const HostParts& parts);
  ~ServiceHost() override;

  const ServiceDefinition& definition() const;
  // For RpcServer::Create. The host must outlive the server.
  std::vector<rpc::ServiceBinding> Bindings();

  std::string name() const override;
  // Topic, committer, relay, consumers, timers, effects.
  Status Start() override;
  // Consumers and timers take no more, what is under way is committed, the log is relayed, then all
  // is closed.
  void Stop(runtime::SteadyTime deadline) override;
  // The database answers. Kafka's absence only degrades.
  Status Health() const override;

 private:
  struct Rep;
  explicit ServiceHost(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

// Creates or upgrades the service's schema and roles as the owner.
Status MigrateService(const ServiceDefinition& definition, const config::v1::Config& config);

// "crm.leads.v1" with the installation's prefix.
std::string TopicOf(const config::v1::Config& config, const std::string& service);

}  // namespace crm
