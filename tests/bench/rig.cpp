#include "tests/bench/rig.h"

#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "libs/testing/eventually.h"
#include "libs/testing/servers.h"
#include "tests/bench/must.h"

namespace crm::bench {
namespace {

constexpr int kTenants = 10;

std::unique_ptr<pg::Database> Open(const std::string& dsn, const std::string& schema) {
  return Must(pg::Database::Open({.dsn = dsn, .schema = schema, .pool_size = 1}));
}

kafka::Deadline Soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(10);
}

std::vector<std::string> With(const std::string& service) {
  return {"identity", service};
}

// As performance.md has it for this machine (T9), but for the JVM's second compiler: in the minutes
// of a run it takes more than it saves.
test::KafkaOptions Broker() {
  return {.jvm = {"-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"},
          .settings = {"num.network.threads=2", "num.io.threads=2"}};
}

}  // namespace

std::vector<std::string> PostgresSettings(Durability durability) {
  bool flushed = durability == Durability::kFlushed;
  return {"fsync=on",
          "full_page_writes=on",
          flushed ? "synchronous_commit=on" : "synchronous_commit=off",
          "shared_buffers=2GB",
          "max_wal_size=16GB",
          "min_wal_size=2GB",
          "checkpoint_timeout=1h",
          "wal_compression=lz4",
          "work_mem=32MB",
          "jit=off",
          "timezone=UTC",
          "autovacuum=on",
          "random_page_cost=1.1"};
}

Rig::Rig(const std::string& service, Durability durability)
    : service_(service),
      durability_(durability),
      folder_(std::filesystem::temp_directory_path() / test::UniqueName("crm_bench")),
      servers_(PostgresSettings(durability), Broker()),
      deployment_(
          test::Shape::kDistributed, servers_,
          {.services = service == "leads"
                           ? std::vector<std::string>{"identity", "contacts", "leads"}
                           : With(service),
           // As an operator would run it; without the limits that tests set.
           .set = {"log.level=warning", "limits.calls_per_second=0", "postgres.pool_size=8"},
           .moved_clock = false}) {
  std::filesystem::create_directories(folder_);
  MakeCounterpart();
  own_ = Open(deployment_.OwnerDsn(service_), "crm_" + service_);
  counterpart_ = Open(counterpart_dsn_, "crm_" + service_);
  kafka::ClientOptions client;
  client.brokers = servers_.kafka.address();
  admin_ = Must(kafka::Admin::Create(client));
  MakeTenants();
  for (const auto& name : With(service_)) deployment_.StartAlone(name);
  // The relay makes its topic when it first has something to copy, or soon after the start.
  if (!test::Eventually([&] { return admin_->Offsets(topic(), Soon()).ok(); })) {
    throw std::runtime_error("nobody made the topic " + topic());
  }
}

void Rig::StartContacts() {
  if (!contacts_) deployment_.StartAlone("contacts");
  contacts_ = true;
}

Rig::~Rig() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

// Copied while nobody is connected to the original.
void Rig::MakeCounterpart() {
  const std::string name = "counterpart";
  auto owner = Open(servers_.postgres.dsn(), "public");
  Run(*owner, "CREATE DATABASE " + name + " TEMPLATE crm_" + service_);
  counterpart_dsn_ = servers_.postgres.address() + " dbname=" + name + " user=crm";
}

void Rig::MakeTenants() {
  auto identity = Open(deployment_.OwnerDsn("identity"), "crm_identity");
  for (int i = 0; i < kTenants; ++i) {
    auto keys = deployment_.MakeTenant("tenant" + std::to_string(i));
    auto rows = Run(*identity, "SELECT tenant FROM log ORDER BY seq DESC LIMIT 1");
    tenants_.push_back({rows.GetUuid(0, 0).ToString(), keys.admin});
  }
}

// Of 45 in a row (shuffled by a multiplication) 27 are the first one's and two each other's.
size_t Rig::TenantIndex(uint64_t n) {
  uint64_t place = n * 7 % 45;
  return place < 27 ? 0 : 1 + (place - 27) / 2;
}

pg::Rows Rig::Run(pg::Database& database, const std::string& sql) {
  auto session = Must(database.OpenSession());
  return Must(session->Run(std::vector<pg::Statement>{{sql, {}}})).back();
}

std::string Rig::topic() const {
  return "distributed.crm." + service_ + ".v1";
}

int64_t Rig::TopicEnd(const std::string& topic) {
  int64_t end = 0;
  for (const auto& range : Must(admin_->Offsets(topic, Soon()))) end += range.end;
  return end;
}

bool Rig::WaitForTopicEnd(int64_t count) {
  int64_t end = 0;
  static_cast<void>(test::Eventually([&] { return (end = TopicEnd(topic())) >= count; }));
  return end == count;
}

}  // namespace crm::bench
