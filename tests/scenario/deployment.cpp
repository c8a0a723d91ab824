#include "tests/scenario/deployment.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "libs/runtime/raw_http.h"
#include "libs/testing/eventually.h"
#include "libs/testing/servers.h"
#include "libs/testing/socket.h"

namespace crm::test {
namespace {

constexpr char kGateway[] = "gateway";
constexpr std::chrono::seconds kStopPatience(30);

std::filesystem::path Programs() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::string Loopback(int port) {
  return "127.0.0.1:" + std::to_string(port);
}

std::string EndOf(const std::string& log) {
  constexpr size_t kEnough = 4000;
  return log.size() <= kEnough ? log : "..." + log.substr(log.size() - kEnough);
}

void RunToEnd(ProcessOptions options) {
  const std::string what = options.argv[0];
  Process process(std::move(options));
  const auto code = process.Wait(kPatience);
  if (code != 0) throw std::runtime_error(what + " failed:\n" + EndOf(process.Log()));
}

// "CRM_KEY=..." of what bootstrap printed.
std::string ValueOf(const std::string& output, const std::string& name) {
  const size_t line = ("\n" + output).find("\n" + name + "=");
  if (line == std::string::npos) throw std::runtime_error("no " + name + " in:\n" + output);
  const size_t start = line + name.size() + 1;
  return output.substr(start, output.find('\n', start) - start);
}

// The first of two settings with one name is overruled by the second.
std::vector<std::string> With(std::vector<std::string> settings, const std::string& first) {
  settings.insert(settings.begin(), first);
  return settings;
}

}  // namespace

const std::vector<std::string>& Deployment::Services() {
  static const std::vector<std::string> services = {"identity", "leads",        "contacts",
                                                    "deals",    "activities",   "inventory",
                                                    "workflow", "notification", "analytics"};
  return services;
}

Servers::Servers(std::vector<std::string> settings, KafkaOptions broker)
    : postgres(With(std::move(settings), "max_connections=300")), kafka(std::move(broker)) {
  redis.Start();
  postgres.Start();
  kafka.Start();
}

Deployment::Deployment(Shape shape, Servers& servers, DeploymentOptions options)
    : shape_(shape),
      servers_(servers),
      options_(std::move(options)),
      services_(options_.services.empty() ? Services() : options_.services),
      folder_(std::filesystem::temp_directory_path() / UniqueName("crm_system")),
      http_port_(FreePort()) {
  std::filesystem::create_directories(folder_ / "secrets");
  PlanParts();
  WriteConfigs();
  MakeDatabases();
  RunToEnd(CommandOf(parts_.front(), {"keys"}));
  Migrate();
}

Deployment::~Deployment() {
  parts_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Deployment::PlanParts() {
  if (shape_ == Shape::kAll) {
    parts_.push_back({"crm-all", services_, FreePort(), FreePort()});
    parts_.back().services.push_back(kGateway);
    return;
  }
  for (const auto& service : services_) {
    parts_.push_back({"crm-" + service, {service}, FreePort(), FreePort()});
  }
  parts_.push_back({"crm-gateway", {kGateway}, 0, FreePort()});
}

Deployment::Part& Deployment::PartOf(const std::string& service) {
  const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const Part& part) {
    return std::find(part.services.begin(), part.services.end(), service) != part.services.end();
  });
  if (found == parts_.end()) throw std::runtime_error("no process runs " + service);
  return *found;
}

std::string Deployment::DatabaseOf(const std::string& service) const {
  return shape_ == Shape::kAll ? "crm" : "crm_" + service;
}

std::string Deployment::OwnerDsn(const std::string& service) const {
  return DsnAs("crm", service);
}

std::string Deployment::DsnAs(const std::string& role, const std::string& service) const {
  return servers_.postgres.address() + " dbname=" + DatabaseOf(service) + " user=" + role;
}

std::filesystem::path Deployment::ConfigOf(const Part& part) const {
  return folder_ / (part.name + ".yaml");
}

// The same for all, but for the addresses where each listens.
void Deployment::WriteConfigs() const {
  const std::string prefix = shape_ == Shape::kAll ? "all" : "distributed";
  std::ostringstream common;
  common << "postgres:\n"
         << "  dsn: \"" << servers_.postgres.address() << " dbname=" << DatabaseOf("{module}")
         << "\"\n"
         << "  password_file: " << (folder_ / "secrets/postgres-{module}").string() << "\n"
         << "  owner_dsn: \"" << OwnerDsn("{module}") << "\"\n"
         << "  pool_size: 3\n"
         << "kafka:\n  bootstrap_servers: [" << servers_.kafka.address() << "]\n"
         << "  topic_prefix: " << prefix << ".\n"
         << "redis:\n  address: " << servers_.redis.address() << "\n"
         << "  key_prefix: \"" << prefix
         << ":\"\n"
         // Far above what tests do, so that Redis is asked and never refuses.
         << "limits:\n  calls_per_second: 10000\n  call_burst: 10000\n"
         << "auth:\n"
         << "  token_signing_key_file: " << (folder_ / "secrets/token.key").string() << "\n"
         << "  token_public_key_files: [" << (folder_ / "secrets/token.pub").string() << "]\n"
         << "  api_key_pepper_file: " << (folder_ / "secrets/pepper").string() << "\n";
  if (shape_ == Shape::kDistributed) {
    common << "services:\n";
    for (const auto& part : parts_) {
      if (part.rpc_port == 0) continue;
      common << "  crm." << part.services.front() << ".v1: " << Loopback(part.rpc_port) << "\n";
    }
  }
  for (const auto& service : services_) {
    std::ofstream(folder_ / "secrets" / ("postgres-" + service)) << UniqueName(service) << "\n";
  }
  for (const auto& part : parts_) {
    std::ofstream(ConfigOf(part)) << "rpc:\n  listen_address: " << Loopback(part.rpc_port)
                                  << "\nadmin:\n  listen_address: " << Loopback(part.admin_port)
                                  << "\ngateway:\n  listen_address: " << Loopback(http_port_)
                                  << "\n"
                                  << common.str();
  }
}

void Deployment::MakeDatabases() {
  std::vector<std::string> psql = {"psql", servers_.postgres.dsn(), "-q", "-v", "ON_ERROR_STOP=1"};
  std::vector<std::string> names;
  for (const auto& service : services_) names.push_back(DatabaseOf(service));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const auto& name : names) psql.insert(psql.end(), {"-c", "CREATE DATABASE " + name});
  RunToEnd({.argv = psql, .directory = "/"});
}

// As their owner, before any of them runs; all at once.
void Deployment::Migrate() {
  std::vector<std::unique_ptr<Process>> running;
  for (const auto& part : parts_) {
    if (part.rpc_port == 0) continue;
    running.push_back(std::make_unique<Process>(CommandOf(part, {"migrate"})));
  }
  for (auto& process : running) {
    if (process->Wait(kPatience) == 0) continue;
    throw std::runtime_error("a migration failed:\n" + EndOf(process->Log()));
  }
}

ProcessOptions Deployment::CommandOf(const Part& part,
                                     const std::vector<std::string>& words) const {
  std::vector<std::string> argv = {(Programs() / part.name).string()};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.insert(argv.end(), {"--config", ConfigOf(part).string()});
  for (const auto& setting : options_.set) argv.insert(argv.end(), {"--set", setting});
  ProcessOptions options{.argv = argv, .directory = folder_.string()};
  if (options_.moved_clock) options.env = servers_.clock.env();
  return options;
}

void Deployment::Spawn(Part& part) {
  ProcessOptions options = CommandOf(part, {});
  options.log = (folder_ / (part.name + ".log")).string();
  part.process = std::make_unique<Process>(options);
}

void Deployment::WaitUntilReady(Part& part) {
  const auto ready = [&] {
    if (!part.process->running()) {
      throw std::runtime_error(part.name + " ended:\n" + EndOf(part.process->Log()));
    }
    return runtime::Get(part.admin_port, "/readyz").starts_with("HTTP/1.1 200");
  };
  if (Eventually(ready)) return;
  throw std::runtime_error(part.name + " is not ready:\n" + EndOf(part.process->Log()));
}

TenantKeys Deployment::MakeTenant(const std::string& name) {
  ProcessOptions options =
      CommandOf(PartOf("identity"), {"bootstrap", "--set", "bootstrap.tenant=" + name, "--set",
                                     "bootstrap.email=admin@" + name + ".example"});
  Process bootstrap(options);
  if (bootstrap.Wait(kPatience) != 0) {
    throw std::runtime_error("bootstrap failed:\n" + EndOf(bootstrap.Log()));
  }
  const std::string said = bootstrap.Log();
  return {ValueOf(said, "CRM_KEY"), ValueOf(said, "CRM_FORM_KEY")};
}

void Deployment::Stop(const std::string& service) {
  Part& part = PartOf(service);
  part.process->Terminate();
  const auto code = part.process->Wait(kStopPatience);
  if (code == 0) return;
  throw std::runtime_error(part.name +
                           (code ? " ended with " + std::to_string(*code) : " does not end") +
                           ":\n" + EndOf(part.process->Log()));
}

// The gateway answers for others before all of them are there.
void Deployment::WaitUntilWhole() {
  constexpr char kAsk[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::string answer;
  const auto whole = [&] {
    answer = runtime::Exchange(http_port_, kAsk);
    return answer.find("\"status\":\"ok\"") != std::string::npos;
  };
  if (!Eventually(whole)) throw std::runtime_error("the gateway misses somebody:\n" + answer);
}

void Deployment::StartAll() {
  for (auto& part : parts_) Spawn(part);
  for (auto& part : parts_) WaitUntilReady(part);
  WaitUntilWhole();
}

void Deployment::StartAlone(const std::string& service) {
  Spawn(PartOf(service));
  WaitUntilReady(PartOf(service));
}

void Deployment::Start(const std::string& service) {
  StartAlone(service);
  WaitUntilWhole();
}

void Deployment::StopAll() {
  for (auto& part : parts_) part.process->Terminate();
  for (auto& part : parts_) Stop(part.services.front());
}

std::string Deployment::LastWords(const std::string& service) {
  return EndOf(process(service).Log());
}

}  // namespace crm::test
