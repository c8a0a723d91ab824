// The installation that the bench torments: PostgreSQL (fsync on), Kafka and Redis of its own, and
// a crm-all, or several on the same databases, of which one after the other is started again and
// again, each life with a crash point of its own.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crm/config/v1/config.pb.h"
#include "libs/testing/kafka_process.h"
#include "libs/testing/pg_process.h"
#include "libs/testing/process.h"
#include "libs/testing/redis_process.h"

namespace crm::chaos {

// Rows of an import that are created by one call.
inline constexpr int kImportBatch = 3;

struct TenantKeys {
  std::string tenant;  // UUID
  std::string key;     // of the administrator
};

// An installation before its first start, from which others are copied.
struct Template {
  std::string database;
  std::filesystem::path secrets;
  std::vector<TenantKeys> tenants;
};

// Starts all three; one set serves many installations. Everything here throws std::runtime_error
// where a server or program does not what is asked. Not thread-safe; see test::Process.
class Servers {
 public:
  Servers();
  ~Servers();
  test::PgProcess& pg() { return pg_; }
  test::KafkaProcess& kafka() { return kafka_; }
  test::RedisProcess& redis() { return redis_; }
  // Made by the first installation.
  std::optional<Template>& installed() { return installed_; }

 private:
  test::PgProcess pg_;
  test::KafkaProcess kafka_;
  test::RedisProcess redis_;
  std::optional<Template> installed_;
};

// One database, one prefix of topics, one folder with configuration, secrets, history and ledger.
class Installation {
 public:
  // `plant`: the bug that its processes have; empty: none. `replicas`: how many there are at once.
  Installation(Servers& servers, std::string plant, int replicas = 1);
  // Kills the processes, drops database and folder.
  ~Installation();

  // Keys, schemas and two tenants; a copy of an earlier installation's where no migration is to be
  // killed. The first `migration_kills` runs of `migrate` die in the middle of a migration; returns
  // how many did.
  int Install(int migration_kills);
  const std::vector<TenantKeys>& tenants() const { return tenants_; }

  // Starts a life of the next replica in turn, and the others where they do not run; returns when
  // the RPC servers listen (or the process has died before). `crash_at`: "point:nth", or empty.
  void Start(const std::string& crash_at);
  // The replica of this life.
  test::Process& process() { return *replicas_[current_].process; }
  // Of its RPC server, and of all.
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> addresses() const;
  // Its page of metrics.
  std::string Metrics() const;
  // What the others said that ought to run and have ended; empty: they run.
  std::string LostBystanders();
  // The last lines that the process has written, for messages.
  std::string LastWords() const;

  // Runs `crmctl import` of contacts with `rows` rows under the label to its end, or to its death
  // at `crash_at`, which it passes once in kImportBatch rows. Returns its exit code. From one
  // thread at a time, which may be another than the others'.
  int Import(const std::string& run, int rows, const std::string& crash_at);
  // `crmctl verify` in every tenant; empty: nothing differs.
  std::string Verify();

  Servers& servers() { return servers_; }
  const config::v1::Config& config() const { return config_; }
  // As the owner of everything.
  std::string owner_dsn() const;
  // From now on the folder outlives this object: somebody will want to look at it.
  const std::filesystem::path& Keep();
  std::string history_file() const { return folder_ / "history.jsonl"; }
  std::string ledger_file() const { return folder_ / "ledger"; }

 private:
  struct Replica {
    int port = 0;
    int admin_port = 0;
    std::unique_ptr<test::Process> process;
  };

  void WriteConfig();
  void StartReplica(Replica& replica, const std::string& crash_at);
  int InstallAnew(int migration_kills);
  void CopyInstalled();
  void KeepAsTemplate();
  void MakeSequences();
  void AddTenant(const std::string& name);
  // What it has written, and its exit code.
  std::pair<int, std::string> Run(const std::vector<std::string>& words,
                                  const std::string& crash_at);
  test::ProcessOptions Options(const std::vector<std::string>& words, const std::string& crash_at);

  Servers& servers_;
  const std::string plant_;
  const std::string name_;
  const std::filesystem::path folder_;
  config::v1::Config config_;
  std::vector<TenantKeys> tenants_;
  std::vector<Replica> replicas_;
  size_t current_ = 0;
  std::atomic<int> port_ = 0;  // of the current one
  int lives_ = 0;
  bool kept_ = false;
};

}  // namespace crm::chaos
