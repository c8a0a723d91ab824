// crm-bench-echo: a gRPC server that does nothing: the least that any server on this library costs.
// One generic asynchronous service on one completion queue; every call is answered with the same
// bytes.
//
//   crm-bench-echo PORT FILE
//
// answers on 127.0.0.1:PORT with what is in FILE, until it is killed.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdio>

#include "libs/rpc/wire.h"

namespace crm::bench {
namespace {

constexpr int kPosted = 64;

// One call: accepted, read, answered.
class Echo {
 public:
  Echo(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue,
       const grpc::ByteBuffer& answer)
      : service_(service), queue_(queue), answer_(answer) {
    service_.RequestCall(&context_, &stream_, &queue_, &queue_, this);
  }

  void Go(bool ok) {
    step_ = ok ? step_ + 1 : kEnd;
    if (step_ == kAccepted) {
      new Echo(service_, queue_, answer_);
      stream_.Read(&request_, this);
    } else if (step_ == kRead) {
      stream_.WriteAndFinish(answer_, grpc::WriteOptions(), grpc::Status::OK, this);
    } else {
      delete this;
    }
  }

 private:
  enum Step { kAccepted = 1, kRead = 2, kEnd = 3 };

  grpc::AsyncGenericService& service_;
  grpc::ServerCompletionQueue& queue_;
  const grpc::ByteBuffer& answer_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  grpc::ByteBuffer request_;
  int step_ = 0;
};

int Serve(const std::string& port, const std::string& file) {
  auto bytes = rpc::ReadFile(file);
  if (!bytes) return 1;
  const grpc::ByteBuffer answer = rpc::ToBuffer(*bytes);
  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + port, grpc::InsecureServerCredentials());
  builder.RegisterAsyncGenericService(&service);
  auto queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  for (int i = 0; i < kPosted; ++i) new Echo(service, *queue, answer);
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<Echo*>(tag)->Go(ok);
  return 0;
}

}  // namespace
}  // namespace crm::bench

int main(int argc, char** argv) {
  if (argc == 3) return crm::bench::Serve(argv[1], argv[2]);
  std::fprintf(stderr, "usage: crm-bench-echo PORT FILE\n");
  return 2;
}
