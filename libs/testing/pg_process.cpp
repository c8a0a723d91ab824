#include "libs/testing/pg_process.h"

#include <pwd.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "libs/pg/database.h"
#include "libs/testing/eventually.h"
#include "libs/testing/servers.h"

namespace crm::test {
namespace {

// Where Debian puts what is not for PATH.
constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";
constexpr const char* kUser = "postgres";

}  // namespace

PgProcess::PgProcess(std::vector<std::string> settings)
    : settings_(std::move(settings)),
      folder_(std::filesystem::temp_directory_path() / UniqueName("crm_pg")) {
  std::filesystem::create_directory(folder_);
  const passwd* user = getuid() == 0 ? getpwnam(kUser) : nullptr;
  if (user != nullptr && chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("PgProcess: cannot give " + folder_.string() + " to " + kUser);
  }
  std::vector<std::string> command = Command("initdb");
  for (const char* argument :
       {"--auth=trust", "--username=crm", "--locale=C.UTF-8", "--encoding=UTF8", "--no-sync"}) {
    command.emplace_back(argument);
  }
  Process initdb({.argv = command, .directory = "/", .log = (folder_ / "log").string()});
  if (initdb.Wait(kPatience) != 0) throw std::runtime_error("PgProcess: initdb failed: " + Log());
}

PgProcess::~PgProcess() {
  if (process_ != nullptr && process_->running()) {
    process_->Continue();
    process_->Signal(SIGQUIT);  // takes the children along
    process_->Wait(kPatience);
  }
  process_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string PgProcess::dsn() const {
  return address() + " user=crm dbname=postgres";
}

std::string PgProcess::address() const {
  return "host='" + folder_.string() + "' port=5432";
}

void PgProcess::Start() {
  std::vector<std::string> command = Command("postgres");
  // The kernel keeps what a killed process has written, so nothing is lost without fsync; a later
  // setting of the same name wins.
  command.insert(command.end(), {"-c", "fsync=off", "-c", "listen_addresses=", "-c", "port=5432",
                                 "-c", "unix_socket_directories=" + folder_.string()});
  for (const std::string& setting : settings_) command.insert(command.end(), {"-c", setting});
  // After a kill it refuses to start until the last child of the old server has gone.
  const bool up = static_cast<bool>(Eventually([&] {
    if (process_ == nullptr || !process_->running()) {
      process_ = std::make_unique<Process>(
          ProcessOptions{.argv = command, .directory = "/", .log = (folder_ / "log").string()});
    }
    return pg::Database::Open({.dsn = dsn(), .schema = "public"}).ok();
  }));
  if (!up) throw std::runtime_error("PgProcess: PostgreSQL does not answer: " + Log());
}

void PgProcess::Kill() {
  process_->Kill();
}

void PgProcess::StopImmediately() {
  process_->Signal(SIGQUIT);
  if (!process_->Wait(kPatience)) throw std::runtime_error("PgProcess: it does not stop: " + Log());
}

std::string PgProcess::Log() const {
  std::ostringstream text;
  text << std::ifstream(folder_ / "log").rdbuf();
  return text.str();
}

// The program and its data folder, as a user that PostgreSQL accepts.
std::vector<std::string> PgProcess::Command(const std::string& program) const {
  std::vector<std::string> command;
  if (getuid() == 0) {
    // A change of user would otherwise undo that the child dies with its parent.
    command = {"setpriv", std::string("--reuid=") + kUser, std::string("--regid=") + kUser,
               "--clear-groups", "--pdeathsig=KILL"};
  }
  command.insert(command.end(), {kPrograms + program, "-D", (folder_ / "data").string()});
  return command;
}

}  // namespace crm::test
