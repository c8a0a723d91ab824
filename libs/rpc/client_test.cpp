#include "libs/rpc/client.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "libs/rpc/echo_server.h"

namespace crm::rpc {
namespace {

// What gRPC's own server does to a call that reaches it after its shutdown has begun.
class CancellingServer : public grpc::CallbackGenericService {
 public:
  CancellingServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  struct Cancelled : grpc::ServerGenericBidiReactor {
    Cancelled() { Finish(grpc::Status(grpc::StatusCode::CANCELLED, "")); }
    void OnDone() override { delete this; }
  };
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Cancelled;
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(RpcClient, CallsAServerUnavailableThatCancelsOfItself) {
  CancellingServer server;
  auto client = RpcClient::Create(server.address());
  Status unary = client->CallBytes(kEcho, "a", {}).status();
  EXPECT_EQ(unary.code(), Code::kUnavailable);
  EXPECT_EQ(unary.reason(), "RPC_UNREACHABLE");
  Status streaming = client->StreamBytes(kRepeat, "a", {}, [](const std::string&) { return true; });
  EXPECT_EQ(streaming, unary);
}

TEST(RpcClient, KeepsWhatAHandlerSaysOfACancellation) {
  Status sent(Code::kCancelled, "PG_CANCELLED", "The statement was cancelled.");
  EchoServer echo([sent](const std::shared_ptr<ServerCall>& call) { call->Finish(sent); });
  EXPECT_EQ(echo.client().CallBytes(kEcho, "a", {}).status(), sent);
}

}  // namespace
}  // namespace crm::rpc
