#include "libs/rpc/client.h"

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/sync_stream.h>

#include "libs/rpc/channel_watch.h"
#include "libs/rpc/wire.h"

namespace crm::rpc {

namespace {

using grpc::internal::RpcMethod;

// Errors of our servers fit 8 KiB; others may say more.
constexpr int kMaxMetadataBytes = 64 << 10;
constexpr int kMaxResponseBytes = 64 << 20;

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  // A service behind one DNS name with many addresses gets its calls spread over all of them.
  arguments.SetLoadBalancingPolicyName("round_robin");
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  // A service that was restarted is used again within a second.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  return arguments;
}

Result<std::shared_ptr<grpc::ChannelCredentials>> Credentials(
    const std::optional<TlsOptions>& tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  for (auto [path, target] : {std::pair{&tls->ca_file, &ssl.pem_root_certs},
                              std::pair{&tls->certificate_file, &ssl.pem_cert_chain},
                              std::pair{&tls->key_file, &ssl.pem_private_key}}) {
    if (path->empty()) continue;
    auto content = ReadFile(*path);
    if (!content) return content.status();
    *target = std::move(*content);
  }
  return grpc::SslCredentials(ssl);
}

class Client final : public RpcClient {
 public:
  Client(std::shared_ptr<grpc::Channel> channel, IdleReader reader)
      : watch_(std::move(channel), reader) {}

  Result<std::string> CallBytes(const std::string& method, const std::string& request,
                                const ClientCallOptions& options) override;
  Status StreamBytes(const std::string& method, const std::string& request,
                     const ClientCallOptions& options,
                     const std::function<bool(const std::string&)>& on_message) override;

 private:
  const ChannelWatch watch_;
};

// A client whose TLS files cannot be read: each call says so.
class BrokenClient final : public RpcClient {
 public:
  explicit BrokenClient(Status why) : why_(std::move(why)) {}

  Result<std::string> CallBytes(const std::string&, const std::string&,
                                const ClientCallOptions&) override {
    return why_;
  }
  Status StreamBytes(const std::string&, const std::string&, const ClientCallOptions&,
                     const std::function<bool(const std::string&)>&) override {
    return why_;
  }

 private:
  const Status why_;
};

Status SetMetadata(const Metadata& metadata, grpc::ClientContext& context) {
  for (const auto& [key, value] : metadata) {
    std::string lower = LowerCase(key);
    if (!LegalMetadata(lower, value)) {
      return InvalidArgument("RPC_METADATA_ILLEGAL", "The metadata " + key + " cannot be sent.")
          .With("key", key);
    }
    context.AddMetadata(lower, value);
  }
  return Status::Ok();
}

void SetDeadline(std::chrono::milliseconds timeout, grpc::ClientContext& context) {
  context.set_deadline(DeadlineIn(timeout));
}

// A server that begins to drain cancels what arrives until its clients know of it. To a caller who
// has cancelled nothing that is a server that is gone; a status with details is somebody's word.
Status EndOf(const grpc::Status& status, const ClientCallOptions& options) {
  bool foreign = status.error_code() == grpc::StatusCode::CANCELLED &&
                 status.error_details().empty() && !options.stop.stop_requested();
  if (!foreign) return FromGrpc(status);
  return FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "it has ended the call"));
}

Result<std::string> Client::CallBytes(const std::string& method, const std::string& request,
                                      const ClientCallOptions& options) {
  grpc::ClientContext context;
  if (Status legal = SetMetadata(options.metadata, context); !legal.ok()) return legal;
  SetDeadline(options.timeout, context);
  std::stop_callback cancel(options.stop, [&context] { context.TryCancel(); });
  std::string path = "/" + method;
  RpcMethod rpc(path.c_str(), nullptr, RpcMethod::NORMAL_RPC);
  grpc::ByteBuffer response;
  grpc::Status status = grpc::internal::BlockingUnaryCall(&watch_.channel(), rpc, &context,
                                                          ToBuffer(request), &response);
  if (!status.ok()) return EndOf(status, options);
  return ToString(response);
}

Status Client::StreamBytes(const std::string& method, const std::string& request,
                           const ClientCallOptions& options,
                           const std::function<bool(const std::string&)>& on_message) {
  grpc::ClientContext context;
  if (Status legal = SetMetadata(options.metadata, context); !legal.ok()) return legal;
  if (options.timeout.count() > 0) SetDeadline(options.timeout, context);
  std::stop_callback cancel(options.stop, [&context] { context.TryCancel(); });
  std::string path = "/" + method;
  RpcMethod rpc(path.c_str(), nullptr, RpcMethod::SERVER_STREAMING);
  std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader(
      grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(&watch_.channel(), rpc,
                                                                    &context, ToBuffer(request)));
  grpc::ByteBuffer message;
  bool enough = false;
  while (!enough && reader->Read(&message)) {
    enough = !on_message(ToString(message));
    message.Clear();
  }
  if (enough) {
    context.TryCancel();
    while (reader->Read(&message)) message.Clear();
  }
  grpc::Status status = reader->Finish();
  return enough ? Status::Ok() : EndOf(status, options);
}

}  // namespace

std::shared_ptr<RpcClient> RpcClient::Create(const std::string& address,
                                             const std::optional<TlsOptions>& tls,
                                             IdleReader reader) {
  auto credentials = Credentials(tls);
  if (!credentials) return std::make_shared<BrokenClient>(credentials.status());
  return std::make_shared<Client>(grpc::CreateCustomChannel(address, *credentials, Arguments()),
                                  reader);
}

Status RpcClient::Call(const std::string& method, const google::protobuf::Message& request,
                       google::protobuf::Message& response, const ClientCallOptions& options) {
  auto bytes = CallBytes(method, request.SerializeAsString(), options);
  if (!bytes) return bytes.status();
  if (!response.ParseFromString(*bytes)) {
    return Internal("The response of " + method + " is not a " + response.GetTypeName() + ".");
  }
  return Status::Ok();
}

}  // namespace crm::rpc
