// RpcServer: gRPC as a transport of bytes. One generic asynchronous service takes every call, looks
// the method up by name and hands it to the function it is bound to; no generated stubs, no gRPC
// type in this header.
//
// What a call means (authentication, permissions, the handler, the commit) is libs/command's
// CallPipeline, which sits behind the functions bound here. What belongs to the transport is done
// here: message and metadata limits, deadlines and cancellation, health (grpc.health.v1),
// reflection (v1alpha and v1), graceful drain.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "libs/base/status.h"

namespace google::protobuf {
class MethodDescriptor;
class ServiceDescriptor;
}  // namespace google::protobuf

namespace crm::rpc {

using Metadata = std::multimap<std::string, std::string>;
using SteadyTime = std::chrono::steady_clock::time_point;

// One call under way. Thread-safe; may outlive the client, in which case what is sent goes nowhere.
class ServerCall {
 public:
  virtual ~ServerCall() = default;
  virtual const google::protobuf::MethodDescriptor& method() const = 0;
  // Request metadata, keys in lower case.
  virtual const Metadata& metadata() const = 0;
  // The request message, serialised.
  virtual const std::string& request() const = 0;
  // The client's deadline, if it set one.
  virtual std::optional<SteadyTime> deadline() const = 0;
  // Requested when the client has gone, its deadline has passed or the drain's patience has ended.
  // Callbacks run on the thread that reads requests: they must be short.
  virtual std::stop_token stop_token() const = 0;
  virtual std::string peer() const = 0;

  // Server streaming only: sends one message; blocks while the client is slow. False: nobody reads
  // any more.
  virtual bool Write(const std::string& message) = 0;
  // Ends the call, exactly once: the response of a unary call, or (value ignored) the end of a
  // stream. A call that is let go of without it fails with INTERNAL.
  virtual void Finish(Result<std::string> response) = 0;
  // Metadata sent with the response; before Write and Finish. What HTTP/2 does not allow is left
  // out.
  virtual void AddInitialMetadata(std::string key, std::string value) = 0;
};

// Takes over a call. Runs on the thread that reads requests: it posts elsewhere unless it touches
// memory only.
using Handler = std::function<void(std::shared_ptr<ServerCall>)>;

// All methods of one proto service, by method name ("GetLead").
struct ServiceBinding {
  const google::protobuf::ServiceDescriptor* descriptor;
  std::map<std::string, Handler> methods;
};

struct ServerOptions {
  // "127.0.0.1:0" lets the system choose; "unix:/path" works too.
  std::string address = "127.0.0.1:0";
  size_t max_message_bytes = 4 << 20;
  size_t max_metadata_bytes = 16 << 10;
  // Calls under way above which new ones are answered RESOURCE_EXHAUSTED with a retry delay.
  size_t max_calls = 1024;
  // PEM files; empty: no TLS. With `client_ca_file` set a client certificate is required (mTLS).
  std::string certificate_file, key_file, client_ca_file;
};

class RpcServer {
 public:
  // Fails where a method of a bound service's proto is bound to nothing, a binding names no method,
  // or the address is taken. The server answers health and reflection at once, and every bound
  // method from Start() on.
  static Result<std::unique_ptr<RpcServer>> Create(ServerOptions options,
                                                   std::vector<ServiceBinding> services);
  virtual ~RpcServer() = default;

  virtual void Start() = 0;
  // The chosen port (0 for a Unix socket).
  virtual int port() const = 0;
  // The address to give to an RpcClient on this machine.
  virtual std::string address() const = 0;
  // Health of one service ("" for the server as a whole). All start as NOT_SERVING.
  virtual void SetHealth(const std::string& service, bool serving) = 0;
  // NOT_SERVING, no new calls, waits up to `patience` for those under way, cancels the rest, stops.
  // A call that comes meanwhile finds nobody listening or, on a connection that stood, is ended by
  // gRPC as CANCELLED; RpcClient calls both UNAVAILABLE. Idempotent.
  virtual void Drain(std::chrono::milliseconds patience) = 0;
};

}  // namespace crm::rpc
