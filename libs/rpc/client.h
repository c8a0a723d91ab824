// RpcClient: calls methods by their full name with messages or bytes; the only way that services
// call each other.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "libs/base/status.h"
#include "libs/rpc/server.h"

namespace google::protobuf {
class Message;
}

namespace crm::rpc {

struct ClientCallOptions {
  // Every outbound call has a deadline.
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  Metadata metadata;
  // Cancels the call.
  std::stop_token stop;
};

struct TlsOptions {
  std::string ca_file, certificate_file, key_file;
};

// Who reads a connection while no call waits on it, so that a server that leaves is noticed.
enum class IdleReader {
  kWatch,   // a thread, shared by all clients of the process: where there is no server
  kServer,  // the thread of the process's RpcServer, which reads everything; a second one would
            // take events away from it and hand them back, which costs each call two changes of
            // thread
};

// A long-lived connection to one address. Thread-safe. A failed call's Status has the reason,
// metadata and violations that the server gave (google.rpc.ErrorInfo and friends), or reason
// RPC_UNREACHABLE / RPC_DEADLINE_EXCEEDED / RPC_CANCELLED of our own; the last only where the
// caller asked to stop.
class RpcClient {
 public:
  // Connects lazily; never fails. Without `tls` the connection is plain text.
  static std::shared_ptr<RpcClient> Create(const std::string& address,
                                           const std::optional<TlsOptions>& tls = std::nullopt,
                                           IdleReader reader = IdleReader::kWatch);
  virtual ~RpcClient() = default;

  // `method` is "crm.leads.v1.LeadService/GetLead". Blocks.
  virtual Result<std::string> CallBytes(const std::string& method, const std::string& request,
                                        const ClientCallOptions& options) = 0;
  // Server streaming: `on_message` runs for each message on the calling thread and returns false to
  // cancel. Blocks until the stream ends; OK where the server ended it or `on_message` returned
  // false. timeout <= 0 means no deadline.
  virtual Status StreamBytes(const std::string& method, const std::string& request,
                             const ClientCallOptions& options,
                             const std::function<bool(const std::string&)>& on_message) = 0;
  // Response metadata is not offered: nothing of ours needs it.

  // The same with messages.
  Status Call(const std::string& method, const google::protobuf::Message& request,
              google::protobuf::Message& response, const ClientCallOptions& options);
};

// Where each service is reached, so that nothing in a module knows whether the other is in the same
// process. Thread-safe after construction.
class ChannelFactory {
 public:
  virtual ~ChannelFactory() = default;
  // The client for the service that owns `proto_service` ("crm.leads.v1.LeadService"); UNAVAILABLE
  // where no address is known.
  virtual Result<std::shared_ptr<RpcClient>> ForService(const std::string& proto_service) = 0;
};

}  // namespace crm::rpc
