#include "libs/rpc/channel_watch.h"

#include <grpc/support/time.h>
#include <grpcpp/completion_queue.h>

#include <mutex>
#include <thread>

namespace crm::rpc {

struct ChannelWatch::Watched {
  std::mutex mutex;
  grpc::Channel* channel;  // GUARDED_BY(mutex); null when the watch has ended
};

// The thread; lives as long as any watch.
class Watcher {
 public:
  static std::shared_ptr<Watcher> Shared() {
    static std::mutex mutex;
    static std::weak_ptr<Watcher> shared;
    std::lock_guard lock(mutex);
    auto watcher = shared.lock();
    if (watcher == nullptr) shared = watcher = std::make_shared<Watcher>();
    return watcher;
  }

  Watcher() : thread_([this] { Work(); }) {}
  ~Watcher() {
    queue_.Shutdown();
    thread_.join();
  }

  // Comes back with each change of the connection's state, the last of which is its end.
  void Watch(const std::shared_ptr<ChannelWatch::Watched>& watched) {
    std::lock_guard lock(watched->mutex);
    if (watched->channel == nullptr) return;
    watched->channel->NotifyOnStateChange(watched->channel->GetState(false),
                                          gpr_inf_future(GPR_CLOCK_MONOTONIC), &queue_,
                                          new std::shared_ptr(watched));
  }

 private:
  void Work() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
      std::unique_ptr<std::shared_ptr<ChannelWatch::Watched>> watched(
          static_cast<std::shared_ptr<ChannelWatch::Watched>*>(tag));
      Watch(*watched);
    }
  }

  grpc::CompletionQueue queue_;
  std::thread thread_;
};

ChannelWatch::ChannelWatch(std::shared_ptr<grpc::Channel> channel, IdleReader reader)
    : channel_(std::move(channel)), watched_(std::make_shared<Watched>()) {
  watched_->channel = channel_.get();
  if (reader == IdleReader::kServer) return;
  watcher_ = Watcher::Shared();
  watcher_->Watch(watched_);
}

ChannelWatch::~ChannelWatch() {
  {
    std::lock_guard lock(watched_->mutex);
    watched_->channel = nullptr;
  }
  // The channel's end answers the last watch, for which the watcher waits when it is the last.
  channel_.reset();
}

}  // namespace crm::rpc
