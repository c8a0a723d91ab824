#include "libs/pg/connect.h"

#include <poll.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "libs/pg/sqlstate.h"

namespace crm::pg {
namespace {

using std::chrono::steady_clock;

Result<std::string> ReadPassword(const std::string& path) {
  std::ifstream file(path);
  std::string password;
  if (!file || !std::getline(file, password)) {
    return ConnectionLost("The password file " + path + " cannot be read.");
  }
  return password;
}

// What the dsn itself says under `options`.
std::string SettingsOf(const std::string& dsn) {
  const ConninfoPtr parsed(PQconninfoParse(dsn.c_str(), nullptr));
  for (const PQconninfoOption* option = parsed.get(); option && option->keyword; ++option) {
    if (option->val != nullptr && std::string_view(option->keyword) == "options") {
      return std::string(option->val) + " ";
    }
  }
  return "";
}

ConnPtr Start(const DatabaseOptions& options, const std::string& password) {
  // Of a key that comes twice the later counts: the first four may be overruled by the dsn, the
  // last may not. JIT pays only for reports and costs short statements whole milliseconds. A plan
  // stays prepared while its tables grow, and one made for an empty table would read all of it;
  // what we ask for has an index.
  const std::string settings = SettingsOf(options.dsn) + "-c search_path=" + options.schema +
                               ",public -c jit=off -c enable_seqscan=off" + options.settings;
  const std::string application = "crm " + options.schema;
  std::vector<const char*> keys = {
      "keepalives_idle", "keepalives_interval",       "keepalives_count", "tcp_user_timeout",
      "dbname",          "fallback_application_name", "client_encoding",  "options"};
  std::vector<const char*> values = {
      "10", "5", "3", "15000", options.dsn.c_str(), application.c_str(), "UTF8", settings.c_str()};
  if (!options.password_file.empty()) {
    keys.push_back("password");
    values.push_back(password.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  return ConnPtr(PQconnectStartParams(keys.data(), values.data(), /*expand_dbname=*/1));
}

// Waits until the socket is ready for what libpq wants next; false at the deadline.
bool AwaitSocket(PGconn* conn, PostgresPollingStatusType wants, steady_clock::time_point deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
  if (left <= 0) return false;
  const short events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT;
  pollfd socket{PQsocket(conn), events, 0};
  poll(&socket, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
  return true;
}

}  // namespace

Result<ConnPtr> OpenConn(const DatabaseOptions& options, steady_clock::time_point deadline) {
  std::string password;
  if (!options.password_file.empty()) {
    auto read = ReadPassword(options.password_file);
    if (!read.ok()) return read.status();
    password = std::move(*read);
  }
  ConnPtr conn = Start(options, password);
  if (conn == nullptr) return ConnectionLost("libpq is out of memory.");
  PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
  while (PQstatus(conn.get()) != CONNECTION_BAD && wants != PGRES_POLLING_OK) {
    if (!AwaitSocket(conn.get(), wants, deadline)) {
      return ConnectionLost("PostgreSQL did not accept a connection in time.");
    }
    wants = PQconnectPoll(conn.get());
    if (wants == PGRES_POLLING_FAILED) break;
  }
  if (PQstatus(conn.get()) != CONNECTION_OK) return ConnectionLost(PQerrorMessage(conn.get()));
  return conn;
}

}  // namespace crm::pg
