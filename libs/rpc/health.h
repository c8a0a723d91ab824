// HealthService: grpc.health.v1.Health, for "" and each bound service. Private to libs/rpc.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libs/rpc/stream.h"

namespace crm::rpc {

// Thread-safe. A watch costs a stream and no thread. Must outlive the queue that serves its
// streams.
class HealthService {
 public:
  static constexpr char kCheck[] = "grpc.health.v1.Health/Check";
  static constexpr char kWatch[] = "grpc.health.v1.Health/Watch";

  // All start as NOT_SERVING.
  explicit HealthService(const std::vector<std::string>& services);

  // `slot` is held for as long as the call lasts.
  void Check(std::shared_ptr<Stream> stream, std::shared_ptr<void> slot);
  void Watch(std::shared_ptr<Stream> stream, std::shared_ptr<void> slot);
  void Set(const std::string& service, bool serving);
  // NOT_SERVING for good, and the end of all watches.
  void Close();

 private:
  struct Watcher {
    std::shared_ptr<Stream> stream;
    std::shared_ptr<void> slot;
    std::string service;
    std::optional<int> sent;  // the status last sent
    bool writing = false;
  };
  using WatcherPtr = std::shared_ptr<Watcher>;

  void Add(const WatcherPtr& watcher);
  // Sends the newest status, unless a write is under way: this runs again after it. Ends the watch
  // where Close() was called.
  void Push(const WatcherPtr& watcher);

  std::mutex mutex_;
  std::map<std::string, bool> serving_;           // GUARDED_BY(mutex_)
  std::map<const Stream*, WatcherPtr> watchers_;  // GUARDED_BY(mutex_)
  bool closed_ = false;                           // GUARDED_BY(mutex_)
};

}  // namespace crm::rpc
