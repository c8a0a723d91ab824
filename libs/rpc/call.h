// Call: a ServerCall on a Stream. Private to libs/rpc.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "libs/rpc/server.h"
#include "libs/rpc/stream.h"

namespace crm::rpc {

// Thread-safe. A handler that drops its last reference without Finish is answered for with
// INTERNAL. Made on the queue's thread.
class Call final : public ServerCall {
 public:
  // `slot` counts the call as under way until the handler has let go of it.
  Call(std::shared_ptr<Stream> stream, const google::protobuf::MethodDescriptor& method,
       std::string request, std::shared_ptr<void> slot);
  ~Call() override;

  const google::protobuf::MethodDescriptor& method() const override { return method_; }
  const Metadata& metadata() const override { return stream_->metadata(); }
  const std::string& request() const override { return request_; }
  std::optional<SteadyTime> deadline() const override { return stream_->deadline(); }
  std::stop_token stop_token() const override { return stream_->stop_token(); }
  std::string peer() const override { return stream_->peer(); }
  bool Write(const std::string& message) override;
  void Finish(Result<std::string> response) override;
  void AddInitialMetadata(std::string key, std::string value) override;

 private:
  // What a writer waits for; outlives the Call, because gRPC's events may.
  struct Progress {
    std::mutex mutex;
    std::condition_variable changed;
    bool writing = false;  // GUARDED_BY(mutex)
    bool ended = false;    // GUARDED_BY(mutex)
  };

  const std::shared_ptr<Stream> stream_;
  const google::protobuf::MethodDescriptor& method_;
  const std::string request_;
  const std::shared_ptr<void> slot_;
  const std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
};

}  // namespace crm::rpc
