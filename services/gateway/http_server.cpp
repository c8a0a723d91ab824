#include "services/gateway/http_server.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "services/gateway/http_connection.h"
#include "services/gateway/transport.h"

namespace crm::gateway {
namespace {

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";
// How long a connection that was closed may take to go.
constexpr auto kAbortPatience = std::chrono::seconds(5);

// The connections that are open. Thread-safe.
class OpenConnections {
 public:
  size_t size() const {
    std::lock_guard lock(mutex_);
    return open_.size();
  }
  uint64_t Add() {
    std::lock_guard lock(mutex_);
    open_[++last_];
    return last_;
  }
  void Set(uint64_t id, const std::shared_ptr<HttpConnection>& connection) {
    std::lock_guard lock(mutex_);
    if (auto found = open_.find(id); found != open_.end()) found->second = connection;
  }
  void Remove(uint64_t id) {
    std::lock_guard lock(mutex_);
    open_.erase(id);
    changed_.notify_all();
  }
  std::vector<std::shared_ptr<HttpConnection>> List() const {
    std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<HttpConnection>> list;
    for (const auto& [id, weak] : open_) {
      if (auto connection = weak.lock()) list.push_back(std::move(connection));
    }
    return list;
  }
  void WaitUntilEmpty(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [this] { return open_.empty(); });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t last_ = 0;                                       // GUARDED_BY(mutex_)
  std::map<uint64_t, std::weak_ptr<HttpConnection>> open_;  // GUARDED_BY(mutex_)
};

class Server final : public HttpServer {
 public:
  Server(std::unique_ptr<Transport> transport, std::shared_ptr<const ConnectionSetup> setup)
      : transport_(std::move(transport)), setup_(std::move(setup)) {}
  ~Server() override { Drain(std::chrono::milliseconds(0)); }

  void Start() override {
    transport_->Start([this](std::unique_ptr<ByteStream> stream) { Serve(std::move(stream)); });
  }
  int port() const override { return transport_->port(); }
  size_t connections() const override { return open_->size(); }
  void Drain(std::chrono::milliseconds patience) override;

 private:
  void Serve(std::unique_ptr<ByteStream> stream);
  void TurnAway(std::shared_ptr<ByteStream> stream);

  const std::unique_ptr<Transport> transport_;
  const std::shared_ptr<const ConnectionSetup> setup_;
  const std::shared_ptr<OpenConnections> open_ = std::make_shared<OpenConnections>();
  std::mutex drain_mutex_;
  bool drained_ = false;  // GUARDED_BY(drain_mutex_)
};

void Server::Serve(std::unique_ptr<ByteStream> stream) {
  if (open_->size() >= setup_->options.max_connections) return TurnAway(std::move(stream));
  const uint64_t id = open_->Add();
  std::shared_ptr<void> slot(nullptr, [open = open_, id](void*) { open->Remove(id); });
  auto connection = HttpConnection::Make(std::move(stream), setup_, std::move(slot));
  open_->Set(id, connection);
  connection->Start();
}

void Server::TurnAway(std::shared_ptr<ByteStream> stream) {
  if (transport_->uses_tls()) return stream->Close();
  stream->Post([stream] {
    stream->Write(kTooMany, [stream](std::error_code, size_t) { stream->Close(); });
  });
}

void Server::Drain(std::chrono::milliseconds patience) {
  std::lock_guard lock(drain_mutex_);
  if (std::exchange(drained_, true)) return;
  transport_->StopAccepting();
  for (const auto& connection : open_->List()) connection->Drain();
  open_->WaitUntilEmpty(patience);
  for (const auto& connection : open_->List()) connection->Abort();
  open_->WaitUntilEmpty(kAbortPatience);
  transport_->Stop();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Create(HttpServerOptions options,
                                                       HttpHandler handler, const Clock& clock) {
  auto transport = Transport::Create(
      {options.address, options.port, options.threads, options.certificate_file, options.key_file});
  if (!transport) return transport.status();
  auto setup = std::make_shared<const ConnectionSetup>(
      ConnectionSetup{std::move(options), std::move(handler), clock});
  return std::unique_ptr<HttpServer>(
      std::make_unique<Server>(*std::move(transport), std::move(setup)));
}

}  // namespace crm::gateway
