#include "tests/chaos/rig.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "libs/config/config.h"
#include "libs/pg/database.h"
#include "libs/runtime/raw_http.h"
#include "libs/testing/eventually.h"
#include "libs/testing/servers.h"
#include "libs/testing/socket.h"

namespace crm::chaos {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kCommandPatience(60);
constexpr size_t kLastWords = 3000;
constexpr char kMapping[] = R"(collection: contacts
key: {field: external_id, column: id, prefix: "chaos/"}
fields:
  display_name: {column: name, required: true}
)";

// The folder of this program: the programs under test are beside it.
fs::path Programs() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

std::unique_ptr<pg::Database> Open(const std::string& dsn) {
  auto database = pg::Database::Open({.dsn = dsn, .schema = "public", .pool_size = 1});
  if (!database.ok()) throw std::runtime_error(database.status().ToString());
  return std::move(*database);
}

pg::Rows Execute(const std::string& dsn, const std::string& sql) {
  auto session = Open(dsn)->OpenSession();
  if (!session.ok()) throw std::runtime_error(session.status().ToString());
  auto rows = (*session)->Run(std::vector<pg::Statement>{{sql, {}}});
  if (!rows.ok()) throw std::runtime_error(sql + ": " + rows.status().ToString());
  return rows->back();
}

std::string Value(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
  }
  throw std::runtime_error("no " + name + " in: " + text);
}

std::string LastWordsOf(const test::Process& process) {
  std::string log = process.Log();
  return log.size() <= kLastWords ? log : log.substr(log.size() - kLastWords);
}

}  // namespace

Servers::Servers()
    : pg_({"fsync=on", "max_connections=300", "max_locks_per_transaction=1024", "jit=off",
           "timezone=UTC"}) {
  pg_.Start();
  redis_.Start();
  kafka_.Start();
}

Servers::~Servers() {
  std::error_code ignored;
  if (installed_) fs::remove_all(installed_->secrets, ignored);
}

Installation::Installation(Servers& servers, std::string plant, int replicas)
    : servers_(servers),
      plant_(std::move(plant)),
      name_(test::UniqueName("chaos")),
      folder_(fs::temp_directory_path() / name_),
      replicas_(static_cast<size_t>(replicas)),
      current_(replicas_.size() - 1) {
  fs::create_directories(folder_ / "secrets");
  WriteConfig();
}

Installation::~Installation() {
  replicas_.clear();
  try {
    Execute(servers_.pg().dsn(), "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {
    // The whole cluster goes with the servers.
  }
  std::error_code ignored;
  if (!kept_) fs::remove_all(folder_, ignored);
}

const fs::path& Installation::Keep() {
  kept_ = true;
  return folder_;
}

std::string Installation::owner_dsn() const {
  // The last value of a key counts.
  return servers_.pg().dsn() + " dbname=" + name_;
}

void Installation::WriteConfig() {
  std::string server = servers_.pg().dsn();
  std::string nobody = server.substr(0, server.find(" user=")) + " dbname=" + name_;
  std::string secrets = (folder_ / "secrets").string();
  std::ofstream(folder_ / "crm.yaml")
      << "gateway: {listen_address: '127.0.0.1:0'}\nadmin: {listen_address: ''}\n"
      << "postgres: {dsn: \"" << nobody << "\", owner_dsn: \"" << owner_dsn()
      << "\", pool_size: 4}\n"
      // What a dead process held is free soon, so that a cycle is short.
      << "kafka: {bootstrap_servers: ['" << servers_.kafka().address() << "'], topic_prefix: '"
      << name_ << ".', session_timeout: 1500ms, relay_lease: 1s}\n"
      << "redis: {address: '" << servers_.redis().address() << "'}\n"
      << "limits: {calls_per_second: 100000, call_burst: 100000, worker_threads: 4}\n"
      << "log: {level: warning}\nbootstrap: {email: admin@chaos.example}\n"
      << "auth: {token_signing_key_file: " << secrets << "/token.key, token_public_key_files: ["
      << secrets << "/token.pub], api_key_pepper_file: " << secrets << "/pepper}\n";
  auto config = config::Load({.file = folder_ / "crm.yaml"});
  if (!config.ok()) throw std::runtime_error(config.status().ToString());
  config_ = *config;
}

test::ProcessOptions Installation::Options(const std::vector<std::string>& words,
                                           const std::string& crash_at) {
  test::ProcessOptions options;
  options.argv = {(Programs() / words.front()).string()};
  options.argv.insert(options.argv.end(), words.begin() + 1, words.end());
  options.env = {
      {"CRM_CRASH_AT", crash_at}, {"CRM_PLANT", ""}, {"CRM_WITNESS_LEDGER", ledger_file()}};
  return options;
}

std::pair<int, std::string> Installation::Run(const std::vector<std::string>& words,
                                              const std::string& crash_at) {
  test::Process process(Options(words, crash_at));
  auto code = process.Wait(kCommandPatience);
  if (!code) throw std::runtime_error(words[0] + " does not end: " + process.Log());
  return {*code, process.Log()};
}

int Installation::Install(int migration_kills) {
  int killed = 0;
  if (migration_kills == 0 && servers_.installed()) {
    CopyInstalled();
  } else {
    Execute(servers_.pg().dsn(), "CREATE DATABASE " + name_);
    killed = InstallAnew(migration_kills);
    if (!servers_.installed()) KeepAsTemplate();
  }
  if (plant_ == "numbers_from_sequence") MakeSequences();
  return killed;
}

int Installation::InstallAnew(int migration_kills) {
  const std::vector<std::string> migrate = {"crm-under-test", "migrate", "--config",
                                            folder_ / "crm.yaml"};
  auto [made, log] = Run({"crm-under-test", "keys", "--config", folder_ / "crm.yaml"}, "");
  if (made != 0) throw std::runtime_error("no keys: " + log);
  int killed = 0;
  for (int i = 0; i < migration_kills; ++i) {
    killed += Run(migrate, "migration.before_commit:" + std::to_string(1 + i % 3)).first != 0;
  }
  auto [migrated, words] = Run(migrate, "");
  if (migrated != 0) throw std::runtime_error("not migrated: " + words);
  AddTenant("Alpha");
  AddTenant("Beta");
  return killed;
}

void Installation::CopyInstalled() {
  const Template& installed = *servers_.installed();
  Execute(servers_.pg().dsn(), "CREATE DATABASE " + name_ + " TEMPLATE " + installed.database);
  fs::copy(installed.secrets, folder_ / "secrets", fs::copy_options::recursive);
  tenants_ = installed.tenants;
}

void Installation::KeepAsTemplate() {
  Template made{name_ + "_template", fs::temp_directory_path() / (name_ + "_secrets"), tenants_};
  Execute(servers_.pg().dsn(), "CREATE DATABASE " + made.database + " TEMPLATE " + name_);
  fs::copy(folder_ / "secrets", made.secrets, fs::copy_options::recursive);
  servers_.installed() = std::move(made);
}

// What the planted numbers come from; they go on behind those of the bootstrap.
void Installation::MakeSequences() {
  auto schemas = Execute(owner_dsn(), "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'crm%'");
  for (size_t i = 0; i < schemas.size(); ++i) {
    std::string schema = schemas.GetString(i, 0);
    auto head = Execute(owner_dsn(), "SELECT seq FROM " + schema + ".log_head").GetInt(0, 0);
    Execute(owner_dsn(),
            "CREATE SEQUENCE " + schema + ".log_numbers START " + std::to_string(head + 1));
    Execute(owner_dsn(), "GRANT USAGE ON SEQUENCE " + schema + ".log_numbers TO " + schema);
  }
}

void Installation::AddTenant(const std::string& name) {
  auto [code, text] = Run({"crm-under-test", "bootstrap", "--config", folder_ / "crm.yaml", "--set",
                           "bootstrap.tenant=" + name},
                          "");
  if (code != 0) throw std::runtime_error("no tenant " + name + ": " + text);
  auto rows = Execute(owner_dsn(), "SELECT tenant FROM crm_identity.log ORDER BY seq DESC LIMIT 1");
  tenants_.push_back({rows.GetUuid(0, 0).ToString(), Value(text, "CRM_KEY")});
}

void Installation::Start(const std::string& crash_at) {
  current_ = (current_ + 1) % replicas_.size();
  for (size_t i = 0; i < replicas_.size(); ++i) {
    if (i == current_) continue;
    Replica& other = replicas_[i];
    if (other.process == nullptr || !other.process->running()) StartReplica(other, "");
  }
  StartReplica(replicas_[current_], crash_at);
  port_ = replicas_[current_].port;
}

void Installation::StartReplica(Replica& replica, const std::string& crash_at) {
  replica.process.reset();
  replica.port = test::FreePort();
  replica.admin_port = test::FreePort();
  const std::string here = "127.0.0.1:";
  auto options = Options({"crm-under-test", "--config", folder_ / "crm.yaml", "--set",
                          "rpc.listen_address=" + here + std::to_string(replica.port), "--set",
                          "admin.listen_address=" + here + std::to_string(replica.admin_port)},
                         crash_at);
  options.env["CRM_PLANT"] = plant_;
  options.log = (folder_ / ("life." + std::to_string(++lives_))).string();
  replica.process = std::make_unique<test::Process>(options);
  if (!test::Eventually(
          [&] { return test::Connect(replica.port).valid() || !replica.process->running(); })) {
    throw std::runtime_error("crm-all does not listen: " + LastWordsOf(*replica.process));
  }
}

std::vector<std::string> Installation::addresses() const {
  std::vector<std::string> all;
  for (const auto& replica : replicas_) all.push_back("127.0.0.1:" + std::to_string(replica.port));
  return all;
}

std::string Installation::Metrics() const {
  return runtime::Exchange(replicas_[current_].admin_port,
                           "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
}

std::string Installation::LostBystanders() {
  std::string lost;
  for (size_t i = 0; i < replicas_.size(); ++i) {
    auto& process = replicas_[i].process;
    if (i == current_ || process == nullptr || process->running()) continue;
    lost += "a replica that nobody killed ended: " + LastWordsOf(*process);
  }
  return lost;
}

std::string Installation::LastWords() const {
  const auto& process = replicas_[current_].process;
  return process == nullptr ? "" : LastWordsOf(*process);
}

int Installation::Import(const std::string& run, int rows, const std::string& crash_at) {
  std::ofstream(folder_ / "contacts.yaml") << kMapping;
  std::ofstream csv(folder_ / (run + ".csv"));
  csv << "id,name\n";
  for (int i = 0; i < rows; ++i) csv << run << "-" << i << ",Row " << i << " of " << run << "\n";
  csv.close();
  auto options =
      Options({"crmctl", "import", "--mapping", folder_ / "contacts.yaml", folder_ / (run + ".csv"),
               "--run", run, "--batch", std::to_string(kImportBatch)},
              crash_at);
  options.env["CRM_GRPC"] = address();
  options.env["CRM_KEY"] = tenants_.front().key;
  test::Process process(options);
  return process.Wait(kCommandPatience).value_or(-1);
}

std::string Installation::Verify() {
  std::string differences;
  for (const auto& tenant : tenants_) {
    auto options = Options({"crmctl", "verify"}, "");
    options.env["CRM_GRPC"] = address();
    options.env["CRM_KEY"] = tenant.key;
    test::Process process(options);
    auto code = process.Wait(kCommandPatience);
    if (code != 0) differences += "crmctl verify: " + process.Log();
  }
  return differences;
}

}  // namespace crm::chaos
