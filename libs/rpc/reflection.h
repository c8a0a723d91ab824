// ReflectionService: grpc.reflection.v1 and v1alpha.ServerReflection over the descriptors linked
// into this process. Private to libs/rpc.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "libs/rpc/stream.h"

namespace crm::rpc {

// Thread-safe. Must outlive the queue that serves its streams.
class ReflectionService {
 public:
  // The two versions differ in their names only.
  static constexpr char kMethod[] = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  static constexpr char kAlphaMethod[] =
      "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

  // `services` are listed, with health and reflection.
  explicit ReflectionService(std::vector<std::string> services);

  // Answers one question after the other until the client has no more. `slot` is held for as long
  // as the call lasts.
  void Serve(std::shared_ptr<Stream> stream, std::shared_ptr<void> slot);
  // Ends the streams under way, and at once those that are still to come.
  void Close();

 private:
  void ReadNext(std::shared_ptr<Stream> stream, std::shared_ptr<void> slot);

  const std::vector<std::string> services_;
  std::mutex mutex_;
  std::set<std::shared_ptr<Stream>> open_;  // GUARDED_BY(mutex_)
  bool closed_ = false;                     // GUARDED_BY(mutex_)
};

}  // namespace crm::rpc
