// ChannelWatch: hears what happens on a client's connection while no call is under way. Private to
// libs/rpc.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "libs/rpc/client.h"

namespace crm::rpc {

class Watcher;

// gRPC reads a client's connection while a call waits on it, and otherwise each five seconds,
// unless the process has a server too. So in a process of clients alone, like the gateway, a server
// that stops would be kept waiting for its goodbye, and a connection being made would time out
// unread. A watch keeps one thread of the process, shared by all of them, reading; with
// IdleReader::kServer it only holds the channel.
//
// Holds the channel; nobody else may when the watch ends.
class ChannelWatch {
 public:
  ChannelWatch(std::shared_ptr<grpc::Channel> channel, IdleReader reader);
  ~ChannelWatch();
  ChannelWatch(const ChannelWatch&) = delete;
  ChannelWatch& operator=(const ChannelWatch&) = delete;

  grpc::Channel& channel() const { return *channel_; }

 private:
  struct Watched;
  friend class Watcher;

  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<Watcher> watcher_;
  std::shared_ptr<Watched> watched_;
};

}  // namespace crm::rpc
