// What the tests of this folder share: a server of crm.testing.v1.EchoService whose methods a test
// supplies, and a pool.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "crm/testing/v1/echo.pb.h"
#include "libs/base/executor.h"
#include "libs/rpc/client.h"
#include "libs/rpc/server.h"

namespace crm::rpc {

inline constexpr char kEcho[] = "crm.testing.v1.EchoService/Echo";
inline constexpr char kRepeat[] = "crm.testing.v1.EchoService/Repeat";

// A flag that one thread raises and another waits for.
class Signal {
 public:
  void Raise() {
    std::lock_guard lock(mutex_);
    raised_ = true;
    changed_.notify_all();
  }
  // False where it was not raised in time.
  bool Wait(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [this] { return raised_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool raised_ = false;
};

inline void EchoBack(const std::shared_ptr<ServerCall>& call) {
  call->Finish(call->request());
}

inline const google::protobuf::ServiceDescriptor* EchoDescriptor() {
  return testing::v1::EchoRequest::descriptor()->file()->service(0);
}

// Both methods run in a pool of four threads.
class EchoServer {
 public:
  explicit EchoServer(Handler echo = EchoBack, Handler repeat = EchoBack,
                      ServerOptions options = {})
      : server_(RpcServer::Create(std::move(options), {{EchoDescriptor(),
                                                        {{"Echo", InPool(std::move(echo))},
                                                         {"Repeat", InPool(std::move(repeat))}}}})
                    .value()),
        client_(RpcClient::Create(server_->address())) {
    server_->Start();
  }
  ~EchoServer() {
    server_->Drain(std::chrono::milliseconds(0));
    pool_.Stop();
  }

  RpcServer& server() { return *server_; }
  RpcClient& client() { return *client_; }

 private:
  Handler InPool(Handler handler) {
    return [this, handler = std::move(handler)](std::shared_ptr<ServerCall> call) {
      pool_.Post([handler, call = std::move(call)] { handler(call); });
    };
  }

  ThreadPool pool_{4, 1000};
  std::unique_ptr<RpcServer> server_;
  std::shared_ptr<RpcClient> client_;
};

}  // namespace crm::rpc
