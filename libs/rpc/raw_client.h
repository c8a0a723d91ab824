// A client of generic two-way streams for tests: what RpcClient does not offer, on gRPC's own API.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <optional>
#include <string>

#include "libs/rpc/wire.h"

namespace crm::rpc {

// One call at a time; blocks.
class RawStream {
 public:
  // `metadata` is sent as it is, also what RpcClient would refuse.
  RawStream(const std::string& address, const std::string& method,
            const std::pair<std::string, std::string>& metadata = {})
      : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())) {
    if (!metadata.first.empty()) context_.AddMetadata(metadata.first, metadata.second);
    stream_ = stub_.PrepareCall(&context_, "/" + method, &queue_);
    stream_->StartCall(this);
    Wait();
  }

  void Write(const std::string& message) {
    stream_->Write(ToBuffer(message), this);
    Wait();
  }
  // nullopt: the server sends no more.
  std::optional<std::string> Read() {
    grpc::ByteBuffer message;
    stream_->Read(&message, this);
    if (!Wait()) return std::nullopt;
    return ToString(message);
  }
  void WritesDone() {
    stream_->WritesDone(this);
    Wait();
  }
  Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, this);
    Wait();
    return FromGrpc(status);
  }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

}  // namespace crm::rpc
