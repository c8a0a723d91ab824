#include "tools/crmctl/session.h"

#include "tools/crmctl/server_types.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

Session::Session(SessionOptions options, std::ostream& out, std::ostream& err)
    : options_(std::move(options)), out_(out), err_(err) {}

Session::~Session() = default;

ServerTypes& Session::types() {
  if (types_ == nullptr) {
    std::vector<std::shared_ptr<rpc::RpcClient>> clients;
    for (const auto& address : options_.addresses) {
      clients.push_back(rpc::RpcClient::Create(address, options_.tls));
    }
    types_ = std::make_unique<ServerTypes>(std::move(clients), CallOptions(options_.timeout));
  }
  return *types_;
}

rpc::ClientCallOptions Session::CallOptions(std::chrono::milliseconds timeout) const {
  rpc::ClientCallOptions options;
  options.timeout = timeout;
  if (!options_.key.empty()) options.metadata.emplace("authorization", "Bearer " + options_.key);
  return options;
}

Result<rpc::RpcClient*> Session::ClientOf(const std::string& method) {
  if (options_.addresses.empty()) {
    return Usage("Where is the server? Give --address HOST:PORT or set CRM_GRPC.");
  }
  if (options_.addresses.size() == 1) return types().first_client();
  return types().ClientOf(method.substr(0, method.find('/')));
}

Status Session::Call(const std::string& method, const google::protobuf::Message& request,
                     google::protobuf::Message& response) {
  auto client = ClientOf(method);
  if (!client) return client.status();
  return (*client)->Call(method, request, response, CallOptions(options_.timeout));
}

Status Session::Stream(const std::string& method, const google::protobuf::Message& request,
                       const std::function<bool(const std::string&)>& on_message) {
  auto client = ClientOf(method);
  if (!client) return client.status();
  return (*client)->StreamBytes(method, request.SerializeAsString(),
                                CallOptions(std::chrono::milliseconds(0)), on_message);
}

}  // namespace crm::ctl
