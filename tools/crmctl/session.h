// Session: what every command of crmctl works with: where the server is, who is calling, where
// answers go.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/client.h"

namespace crm::ctl {

class ServerTypes;

enum class Format { kTable, kJson, kJsonl, kYaml };

struct SessionOptions {
  // One server (crm-all), or one per service.
  std::vector<std::string> addresses;
  // API key, sent as a bearer token; empty: none.
  std::string key;
  std::optional<rpc::TlsOptions> tls;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  Format format = Format::kTable;
  // Colours and cut columns; both off where the output is not a terminal.
  bool color = false;
  size_t width = 0;  // 0: unlimited
};

// Not thread-safe.
class Session {
 public:
  Session(SessionOptions options, std::ostream& out, std::ostream& err);
  ~Session();

  const SessionOptions& options() const { return options_; }
  std::ostream& out() { return out_; }
  // For notes and progress; never for what a script reads.
  std::ostream& err() { return err_; }

  // The descriptors of all that the servers serve, read from them.
  ServerTypes& types();
  // Calls "crm.leads.v1.LeadService/GetLead" on the server that has the service.
  Status Call(const std::string& method, const google::protobuf::Message& request,
              google::protobuf::Message& response);
  // Runs until the stream ends or `on_message` returns false. No deadline.
  Status Stream(const std::string& method, const google::protobuf::Message& request,
                const std::function<bool(const std::string&)>& on_message);

  // The server that has the method's service. It lives as long as the session and is thread-safe.
  Result<rpc::RpcClient*> ClientOf(const std::string& method);
  // The caller's key and the time that one call may take.
  rpc::ClientCallOptions CallOptions() const { return CallOptions(options_.timeout); }

 private:
  rpc::ClientCallOptions CallOptions(std::chrono::milliseconds timeout) const;

  const SessionOptions options_;
  std::ostream& out_;
  std::ostream& err_;
  std::unique_ptr<ServerTypes> types_;
};

}  // namespace crm::ctl
