#include "libs/rpc/server.h"

#include <absl/synchronization/mutex.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "libs/rpc/call.h"
#include "libs/rpc/health.h"
#include "libs/rpc/method_table.h"
#include "libs/rpc/reflection.h"
#include "libs/rpc/slots.h"
#include "libs/rpc/stream.h"
#include "libs/rpc/wire.h"

namespace crm::rpc {

namespace {

constexpr int kAcceptsPosted = 64;
constexpr size_t kMaxSystemCalls = 256;

Status Exhausted(const std::string& what) {
  return Status(Code::kResourceExhausted, "RPC_TOO_MANY_CALLS",
                "The server has too many " + what + " under way; try again shortly.")
      .RetryAfter(std::chrono::milliseconds(500));
}

class Server final : public RpcServer {
 public:
  Server(ServerOptions options, MethodTable methods)
      : options_(std::move(options)),
        methods_(std::move(methods)),
        health_(methods_.services()),
        reflection_(methods_.services()) {}
  ~Server() override { Drain(std::chrono::milliseconds(0)); }

  Status Listen(std::shared_ptr<grpc::ServerCredentials> credentials);

  void Start() override { started_ = true; }
  int port() const override { return port_; }
  std::string address() const override;
  void SetHealth(const std::string& service, bool serving) override {
    health_.Set(service, serving);
  }
  void Drain(std::chrono::milliseconds patience) override;

 private:
  void Accept();
  void Dispatch(const std::shared_ptr<Stream>& stream);
  // True where the call was health's or reflection's.
  bool DispatchSystem(const std::shared_ptr<Stream>& stream);

  const ServerOptions options_;
  const MethodTable methods_;
  HealthService health_;
  ReflectionService reflection_;
  const std::shared_ptr<Slots> calls_ = std::make_shared<Slots>(options_.max_calls);
  const std::shared_ptr<Slots> system_calls_ = std::make_shared<Slots>(kMaxSystemCalls);
  std::atomic<bool> started_ = false;
  int port_ = 0;

  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  LiveStreams live_;
  std::thread thread_;
  std::mutex drain_mutex_;
  bool drained_ = false;  // GUARDED_BY(drain_mutex_)
};

void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                             static_cast<int>(options.max_metadata_bytes));
  // Beyond this a connection's calls wait at the client, so what one connection can queue here is
  // bounded.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(2 * options.max_calls + kMaxSystemCalls));
  // Two servers on one port would share its calls in silence.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // A dead peer is noticed within 80 s; a peer that pings more often than every 10 s is
  // disconnected.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
}

Status Server::Listen(std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc::ServerBuilder builder;
  SetLimits(options_, builder);
  builder.AddListeningPort(options_.address, std::move(credentials), &port_);
  builder.RegisterAsyncGenericService(&service_);
  queue_ = builder.AddCompletionQueue();
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return Status(Code::kUnavailable, "RPC_ADDRESS_TAKEN",
                  "Cannot listen on " + options_.address +
                      ": the address is taken, or not one of this machine.")
        .With("address", options_.address);
  }
  if (port_ < 0 || options_.address.starts_with("unix:")) port_ = 0;
  for (int i = 0; i < kAcceptsPosted; ++i) Accept();
  thread_ = std::thread([this] { Stream::Serve(*queue_); });
  return Status::Ok();
}

std::string Server::address() const {
  if (port_ == 0) return options_.address;
  std::string host = options_.address.substr(0, options_.address.rfind(':'));
  if (host == "0.0.0.0" || host.empty()) host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return host + ":" + std::to_string(port_);
}

void Server::Accept() {
  Stream::Accept(service_, *queue_, live_, [this](const std::shared_ptr<Stream>& stream) {
    // First, while this stream still counts: the queue is shut down when no stream does.
    Accept();
    Dispatch(stream);
  });
}

bool Server::DispatchSystem(const std::shared_ptr<Stream>& stream) {
  const std::string& name = stream->method();
  if (!name.starts_with("grpc.")) return false;
  bool check = name == HealthService::kCheck;
  bool watch = name == HealthService::kWatch;
  bool reflect = name == ReflectionService::kMethod || name == ReflectionService::kAlphaMethod;
  if (!check && !watch && !reflect) return false;
  auto slot = system_calls_->Take();
  if (!slot) {
    stream->Finish(std::nullopt, Exhausted("health and reflection calls"));
  } else if (check) {
    health_.Check(stream, std::move(slot));
  } else if (watch) {
    health_.Watch(stream, std::move(slot));
  } else {
    reflection_.Serve(stream, std::move(slot));
  }
  return true;
}

void Server::Dispatch(const std::shared_ptr<Stream>& stream) {
  if (DispatchSystem(stream)) return;
  const auto* method = methods_.Find(stream->method());
  if (method == nullptr) {
    return stream->Finish(std::nullopt, Status(Code::kUnimplemented, "RPC_METHOD_UNKNOWN",
                                               "This server has no method " + stream->method() +
                                                   "; its reflection service lists those it has.")
                                            .With("method", stream->method()));
  }
  if (!started_) {
    return stream->Finish(std::nullopt,
                          Unavailable("RPC_SERVER_STARTING", "The server is still starting."));
  }
  auto slot = calls_->Take();
  if (!slot) return stream->Finish(std::nullopt, Exhausted("calls"));
  stream->Read([stream, method, slot](std::optional<std::string> request) mutable {
    if (!request) {
      return stream->Finish(
          std::nullopt, InvalidArgument("RPC_NO_REQUEST", "The call carried no request message."));
    }
    method->handler(
        std::make_shared<Call>(stream, *method->descriptor, std::move(*request), std::move(slot)));
  });
}

void Server::Drain(std::chrono::milliseconds patience) {
  std::lock_guard lock(drain_mutex_);
  if (drained_) return;
  drained_ = true;
  if (server_ != nullptr) {
    health_.Close();
    reflection_.Close();
    // Returns when the connections are closed; calls may still be starting operations, which a
    // closed queue would not survive.
    server_->Shutdown(DeadlineIn(patience));
    live_.WaitForNone();
  }
  if (queue_ == nullptr) return;
  queue_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Stream::Serve(*queue_);
  }
}

Result<std::shared_ptr<grpc::ServerCredentials>> Credentials(const ServerOptions& options) {
  if (options.certificate_file.empty() && options.client_ca_file.empty()) {
    return grpc::InsecureServerCredentials();
  }
  auto certificate = ReadFile(options.certificate_file);
  if (!certificate) return certificate.status();
  auto key = ReadFile(options.key_file);
  if (!key) return key.status();
  grpc::SslServerCredentialsOptions ssl(
      options.client_ca_file.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                     : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_key_cert_pairs.push_back({std::move(*key), std::move(*certificate)});
  if (!options.client_ca_file.empty()) {
    auto authority = ReadFile(options.client_ca_file);
    if (!authority) return authority.status();
    ssl.pem_root_certs = std::move(*authority);
  }
  return grpc::SslServerCredentials(ssl);
}

}  // namespace

Result<std::unique_ptr<RpcServer>> RpcServer::Create(ServerOptions options,
                                                     std::vector<ServiceBinding> services) {
  auto methods = MethodTable::Build(std::move(services));
  if (!methods) return methods.status();
  auto credentials = Credentials(options);
  if (!credentials) return credentials.status();
  // Debian builds abseil with its detector of lock cycles, which every lock in gRPC then pays for.
  // Of the whole process, and of gRPC's locks only: ours are the standard library's.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  auto server = std::make_unique<Server>(std::move(options), std::move(*methods));
  if (Status listening = server->Listen(std::move(*credentials)); !listening.ok()) {
    return listening;
  }
  return std::unique_ptr<RpcServer>(std::move(server));
}

}  // namespace crm::rpc
