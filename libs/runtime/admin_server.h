// AdminServer: a few pages over plain HTTP for the machine's keepers, on a port of its own:
// /metrics, /healthz, /readyz.
//
// One thread, at most 32 connections (more wait to be accepted), 5 s for a request, 8 KiB of
// headers, no body; GET and HEAD only; each connection answers one request. Pages are made on that
// thread: they must be quick. Not for the open network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "libs/base/status.h"

namespace crm::runtime {

struct AdminPage {
  int status = 200;  // of HTTP
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
};

class AdminServer {
 public:
  // By path: "/healthz".
  using Pages = std::map<std::string, std::function<AdminPage()>>;

  // Listens at once. `address` is host:port, [v6]:port, or :port for all interfaces; port 0 lets
  // the system choose. UNAVAILABLE with reason ADMIN_ADDRESS_UNUSABLE where that cannot be.
  static Result<std::unique_ptr<AdminServer>> Start(const std::string& address, Pages pages);
  // Stops and joins; requests under way are dropped.
  ~AdminServer();

  int port() const;

 private:
  class Listener;
  explicit AdminServer(std::unique_ptr<Listener> listener);
  const std::unique_ptr<Listener> listener_;
};

}  // namespace crm::runtime
