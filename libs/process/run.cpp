#include "libs/process/run.h"

#include <mutex>

#include "libs/auth/process_auth.h"
#include "libs/base/executor.h"
#include "libs/base/sha256.h"
#include "libs/config/config.h"
#include "libs/process/shared_methods.h"
#include "libs/rpc/channels.h"
#include "libs/rpc/server.h"
#include "libs/service/host.h"

// What jemalloc, which serving programs are linked with, is to do; it looks for this name. Few
// arenas, because each thread keeps what it frees at hand anyway; what is not used again within a
// second goes back to the system.
extern "C" const char* const malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0";

namespace crm {

namespace {

// Threads that streams of all services hold; a call above is answered RESOURCE_EXHAUSTED.
constexpr size_t kStreams = 64;

// What the modules share; lives as long as any of them.
struct Shared {
  rpc::RoutedChannels channels{{}, std::nullopt, rpc::IdleReader::kServer};
  ThreadPool streams{kStreams, 0};
  std::unique_ptr<entity::PageTokens> page_tokens;
  std::unique_ptr<auth::ProcessAuth> auth;
};

// The process's gRPC server as a module: starts after the services, stops before them.
class RpcModule final : public runtime::Module {
 public:
  RpcModule(runtime::AppContext& app, std::shared_ptr<Shared> shared,
            std::unique_ptr<rpc::RpcServer> server, std::vector<std::string> services,
            std::map<std::string, std::string> module_by_service)
      : app_(app),
        shared_(std::move(shared)),
        server_(std::move(server)),
        services_(std::move(services)),
        module_by_service_(std::move(module_by_service)) {}

  std::string name() const override { return "rpc"; }
  std::vector<std::string> depends_on() const override { return services_; }

  Status Start() override {
    server_->Start();
    app_.health.OnChange([this](const std::string& module, bool serving) {
      std::lock_guard lock(mutex_);
      serving_[module] = serving;
      bool all = true;
      for (const auto& service : services_) all = all && serving_[service];
      server_->SetHealth("", all);
      for (const auto& [service, owner] : module_by_service_) {
        if (owner == module) server_->SetHealth(service, serving);
      }
    });
    app_.log.Info("rpc listens", {{"address", log::Safe(server_->address())}});
    return Status::Ok();
  }

  void Stop(runtime::SteadyTime deadline) override {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    server_->Drain(std::max(std::chrono::milliseconds(0), left / 2));
    shared_->streams.Stop();
  }

 private:
  runtime::AppContext& app_;
  const std::shared_ptr<Shared> shared_;
  const std::unique_ptr<rpc::RpcServer> server_;
  const std::vector<std::string> services_;
  const std::map<std::string, std::string> module_by_service_;
  std::mutex mutex_;
  std::map<std::string, bool> serving_;  // GUARDED_BY(mutex_)
};

// All replicas have the pepper, so all open each other's tokens.
Result<entity::PageTokens> PageTokensOf(const config::v1::Config& config) {
  auto pepper = config::ReadSecret(config.auth().api_key_pepper_file());
  if (!pepper.ok()) return pepper.status();
  return entity::PageTokens::Create(Sha256("page tokens " + *pepper));
}

rpc::ServerOptions ServerOptionsOf(const config::v1::Rpc& settings) {
  rpc::ServerOptions options;
  options.address = settings.listen_address();
  options.max_message_bytes = static_cast<size_t>(settings.max_message_bytes());
  options.max_metadata_bytes = static_cast<size_t>(settings.max_metadata_bytes());
  options.max_calls = static_cast<size_t>(settings.max_calls());
  options.certificate_file = settings.tls().certificate_file();
  options.key_file = settings.tls().key_file();
  options.client_ca_file = settings.tls().client_ca_file();
  return options;
}

Result<std::vector<ServiceDefinition>> Define(const ProcessDescription& process,
                                              const config::v1::Config& config,
                                              const entity::PageTokens& tokens) {
  entity::Settings settings;
  settings.page_tokens = &tokens;
  std::vector<ServiceDefinition> definitions;
  for (const auto& [name, define] : process.services) {
    if (!config::Runs(config, name)) continue;
    auto definition = define(settings, config);
    if (!definition.ok()) return definition.status();
    if (auto status = CheckAllBound(*definition); !status.ok()) return status;
    definitions.push_back(std::move(*definition));
  }
  if (auto status = CheckNoCycles(definitions); !status.ok()) return status;
  return definitions;
}

// Adds a host for each service of the target and the server that binds them all.
Status AddServices(const ProcessDescription& process, runtime::AppContext& app,
                   std::shared_ptr<Shared> shared, runtime::ModuleManager& modules) {
  auto definitions = Define(process, app.config, *shared->page_tokens);
  if (!definitions.ok()) return definitions.status();
  if (definitions->empty()) return Status::Ok();
  HostParts parts;
  parts.authenticator = &shared->auth->authenticator();
  parts.rate_limit = shared->auth->rate_limit();
  parts.streams = &shared->streams;
  parts.remote = &shared->auth->reader();
  std::map<std::string, std::vector<rpc::ServiceBinding>> bindings;
  std::map<std::string, std::string> service_by_collection;
  std::map<std::string, std::string> module_by_service;
  std::vector<std::string> names;
  for (auto& definition : *definitions) {
    for (const auto& type : definition.types->all()) {
      if (!type->projection()) service_by_collection[type->collection()] = definition.name;
    }
    for (const auto* service : definition.services()) {
      module_by_service[service->full_name()] = definition.name;
    }
    names.push_back(definition.name);
    auto host = ServiceHost::Create(std::move(definition), app, parts);
    if (!host.ok()) return host.status();
    bindings[names.back()] = (*host)->Bindings();
    modules.Add(std::move(*host));
  }
  auto server = rpc::RpcServer::Create(ServerOptionsOf(app.config.rpc()),
                                       JoinBindings(bindings, service_by_collection));
  if (!server.ok()) return server.status();
  // What no other address is configured for is here.
  for (const auto& [service, module] : module_by_service) {
    shared->channels.Route(service, (*server)->address());
    // By its package too: what every service has is asked of "crm.deals.v1.EventService".
    shared->channels.Route(service.substr(0, service.rfind('.')), (*server)->address());
  }
  if (app.config.services().empty()) shared->channels.Route("", (*server)->address());
  modules.Add(
      std::make_unique<RpcModule>(app, shared, std::move(*server), names, module_by_service));
  return Status::Ok();
}

Status AddModules(const ProcessDescription& process, runtime::AppContext& app,
                  std::shared_ptr<Shared> shared, runtime::ModuleManager& modules) {
  for (const auto& [package, address] : app.config.services())
    shared->channels.Route(package, address);
  auto tokens = PageTokensOf(app.config);
  if (!tokens.ok()) return tokens.status();
  shared->page_tokens = std::make_unique<entity::PageTokens>(*tokens);
  auto made = auth::ProcessAuth::Create(app.config, app.clock, shared->channels, app.metrics);
  if (!made.ok()) return made.status();
  shared->auth = std::move(*made);
  if (auto status = AddServices(process, app, shared, modules); !status.ok()) return status;
  for (const auto& [name, make] : process.others) {
    if (config::Runs(app.config, name)) modules.Add(make(app, shared->channels));
  }
  return Status::Ok();
}

Status MigrateAll(const ProcessDescription& process, runtime::AppContext& app) {
  // Definitions need page tokens only to run; any will do here.
  auto tokens = entity::PageTokens::Create(std::string(32, 'm'));
  if (!tokens.ok()) return tokens.status();
  auto definitions = Define(process, app.config, *tokens);
  if (!definitions.ok()) return definitions.status();
  for (const auto& definition : *definitions) {
    auto status = MigrateService(definition, app.config);
    if (!status.ok()) return status.With("module", definition.name);
    app.log.Info("schema is up to date", {{"module", log::Safe(definition.name)}});
  }
  return Status::Ok();
}

}  // namespace

int RunServices(const ProcessDescription& process, int argc, char** argv) {
  // Outlives all modules, also where no server of ours holds it. It has threads, so it is made when
  // signals are blocked.
  std::shared_ptr<Shared> shared;
  runtime::Application application;
  application.name = process.name;
  for (const auto& [name, define] : process.services) application.modules.push_back(name);
  for (const auto& [name, make] : process.others) application.modules.push_back(name);
  application.add_modules = [&](runtime::AppContext& app, runtime::ModuleManager& modules) {
    shared = std::make_shared<Shared>();
    return AddModules(process, app, shared, modules);
  };
  application.commands = process.commands;
  application.commands["migrate"] = {
      "Bring the schemas of the target's services up to date, as their owner",
      [&](runtime::AppContext& app) { return MigrateAll(process, app); }};
  application.commands["keys"] = {
      "Make the key files that the configuration names and that are missing",
      [](runtime::AppContext& app) { return auth::MakeKeys(app.config); }};
  return runtime::Run(application, {argv + 1, argv + argc});
}

}  // namespace crm
