// The installation that is measured: PostgreSQL, Kafka, Redis and services as processes of their
// own, as durable as in production, with ten tenants and API keys.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/kafka/admin.h"
#include "libs/pg/database.h"
#include "tests/scenario/deployment.h"

namespace crm::bench {

struct Tenant {
  std::string id;  // UUID
  std::string key;
};

// Whether a commit waits until the disk has it, as it does in production; without, what is left is
// the price in CPU time.
enum class Durability { kFlushed, kAsynchronous };

// What PostgreSQL is told; printed with the figures.
std::vector<std::string> PostgresSettings(Durability durability);

// Everything throws std::runtime_error. Not thread-safe.
class Rig {
 public:
  // identity and `service`, both running; nobody consumes the events.
  Rig(const std::string& service, Durability durability);
  ~Rig();

  // From now on contacts runs too: it answers what leads asks of it, and consumes their events.
  void StartContacts();

  test::Servers& servers() { return servers_; }
  test::Deployment& deployment() { return deployment_; }
  const std::string& service() const { return service_; }
  Durability durability() const { return durability_; }
  std::string rpc_address() { return deployment_.rpc_address(service_); }

  const std::vector<Tenant>& tenants() const { return tenants_; }
  // Of the work number `n`: three in five are the first one's.
  const Tenant& TenantOf(uint64_t n) const { return tenants_[TenantIndex(n)]; }
  static size_t TenantIndex(uint64_t n);

  // A database with the service's schema of its own, empty but for what migrations made: for the
  // counterpart. Its DSN as the owner, who is below no row-level security.
  const std::string& counterpart_dsn() const { return counterpart_dsn_; }
  // As the owner of the service's own database, with its schema in the search path.
  pg::Rows Query(const std::string& sql) { return Run(*own_, sql); }
  pg::Rows QueryCounterpart(const std::string& sql) { return Run(*counterpart_, sql); }

  // From which on numbers are unused there.
  int64_t& next_number() { return next_number_; }

  // Topic of the service's events, and how many messages it has had.
  std::string topic() const;
  int64_t TopicEnd(const std::string& topic);
  // Waits until the topic has `count` messages; false: it has not, or has more.
  bool WaitForTopicEnd(int64_t count);
  kafka::Admin& kafka_admin() { return *admin_; }

  // On the disk that the servers use.
  const std::string& folder() const { return folder_; }

 private:
  void MakeTenants();
  void MakeCounterpart();
  static pg::Rows Run(pg::Database& database, const std::string& sql);

  const std::string service_;
  const Durability durability_;
  const std::string folder_;
  test::Servers servers_;
  test::Deployment deployment_;
  std::string counterpart_dsn_;
  std::unique_ptr<pg::Database> own_;
  std::unique_ptr<pg::Database> counterpart_;
  std::unique_ptr<kafka::Admin> admin_;
  std::vector<Tenant> tenants_;
  int64_t next_number_ = 0;
  bool contacts_ = false;
};

}  // namespace crm::bench
