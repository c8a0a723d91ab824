// Deployment: the whole system as real processes of our executables, configured as an operator
// would.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "libs/testing/kafka_process.h"
#include "libs/testing/moved_clock.h"
#include "libs/testing/pg_process.h"
#include "libs/testing/process.h"
#include "libs/testing/redis_process.h"

namespace crm::test {

// One crm-all; or a process for each service and one for the gateway, each service with a database
// and roles of its own.
enum class Shape { kAll, kDistributed };

// What all deployments of a test program share: servers that can be taken away, and the time of
// day.
struct Servers {
  // `postgres`: settings as PgProcess takes them.
  explicit Servers(std::vector<std::string> postgres = {}, KafkaOptions kafka = {});

  MovedClock clock;
  PgProcess postgres;
  KafkaProcess kafka;
  RedisProcess redis;
};

// Keys of one tenant, as `bootstrap` prints them.
struct TenantKeys {
  std::string admin;
  std::string form;
};

// What a deployment has otherwise than the rest.
struct DeploymentOptions {
  // The services that it has; empty: all.
  std::vector<std::string> services{};
  // Configuration of every process, as its flag --set takes it: "log.level=warning".
  std::vector<std::string> set{};
  // Its processes show the time of Servers::clock; without it the real one.
  bool moved_clock = true;
};

// Databases, topics and keys of its own on the servers, which outlive it; roles have the same names
// in all. Everything throws std::runtime_error where it does not come about, with the end of the
// log that says why. Not thread-safe; see Process about threads.
class Deployment {
 public:
  // Makes databases and keys; starts nothing.
  Deployment(Shape shape, Servers& servers, DeploymentOptions options = {});
  // Kills what StopAll() has not stopped.
  ~Deployment();
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  // The services with a database, without the gateway.
  static const std::vector<std::string>& Services();

  Shape shape() const { return shape_; }
  Servers& servers() { return servers_; }
  // Named by the command line of each of its processes.
  const std::filesystem::path& folder() const { return folder_; }
  // Where the gateway serves HTTP.
  int http_port() const { return http_port_; }
  // Where the process that runs `service` shows /readyz and /metrics.
  int admin_port(const std::string& service) { return PartOf(service).admin_port; }
  // Where the process that runs `service` serves gRPC.
  std::string rpc_address(const std::string& service) {
    return "127.0.0.1:" + std::to_string(PartOf(service).rpc_port);
  }
  Process& process(const std::string& service) { return *PartOf(service).process; }

  TenantKeys MakeTenant(const std::string& name);

  // Return when every process says that it is ready, and the gateway that it reaches them all.
  void StartAll();
  void Start(const std::string& service);
  // The process that runs `service` and no other: returns when it is ready, whoever else is
  // missing.
  void StartAlone(const std::string& service);
  // The same, but returns as soon as the process runs.
  void Launch(const std::string& service) { Spawn(PartOf(service)); }
  // SIGTERM, after which the processes, or the one that runs `service`, must end with exit code 0.
  void StopAll();
  void Stop(const std::string& service);

  // The database that `service` has its schema in: a DSN as its owner, and as another role.
  std::string OwnerDsn(const std::string& service) const;
  std::string DsnAs(const std::string& role, const std::string& service) const;
  // The end of the process's log, for the message of a test that fails.
  std::string LastWords(const std::string& service);

 private:
  // A process, and what is started in it again and again.
  struct Part {
    std::string name;                   // "crm-leads"
    std::vector<std::string> services;  // that it runs, with the gateway
    int rpc_port = 0;
    int admin_port = 0;
    std::unique_ptr<Process> process = nullptr;
  };

  void PlanParts();
  Part& PartOf(const std::string& service);
  std::string DatabaseOf(const std::string& service) const;
  std::filesystem::path ConfigOf(const Part& part) const;
  void WriteConfigs() const;
  void MakeDatabases();
  void Migrate();
  ProcessOptions CommandOf(const Part& part, const std::vector<std::string>& words) const;
  void Spawn(Part& part);
  void WaitUntilReady(Part& part);
  void WaitUntilWhole();

  const Shape shape_;
  Servers& servers_;
  const DeploymentOptions options_;
  const std::vector<std::string>& services_;
  const std::filesystem::path folder_;
  const int http_port_;
  std::vector<Part> parts_;
};

}  // namespace crm::test
