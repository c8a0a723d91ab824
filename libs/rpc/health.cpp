#include "libs/rpc/health.h"

#include "grpc/health/v1/health.pb.h"

namespace crm::rpc {

namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

int StatusOf(const std::map<std::string, bool>& serving, const std::string& service) {
  auto found = serving.find(service);
  if (found == serving.end()) return HealthCheckResponse::SERVICE_UNKNOWN;
  return found->second ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

std::string Response(int status) {
  HealthCheckResponse response;
  response.set_status(static_cast<HealthCheckResponse::ServingStatus>(status));
  return response.SerializeAsString();
}

std::optional<std::string> ServiceIn(const std::optional<std::string>& message) {
  HealthCheckRequest request;
  if (!message || !request.ParseFromString(*message)) return std::nullopt;
  return request.service();
}

Status Unreadable() {
  return InvalidArgument("RPC_REQUEST_UNREADABLE", "The request is not a HealthCheckRequest.");
}

}  // namespace

HealthService::HealthService(const std::vector<std::string>& services) {
  serving_[""] = false;
  for (const auto& service : services) serving_[service] = false;
}

void HealthService::Check(std::shared_ptr<Stream> stream, std::shared_ptr<void> slot) {
  stream->Read([this, stream, slot](const std::optional<std::string>& message) {
    auto service = ServiceIn(message);
    if (!service) return stream->Finish(std::nullopt, Unreadable());
    std::unique_lock lock(mutex_);
    int status = StatusOf(serving_, *service);
    lock.unlock();
    if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
      stream->Finish(std::nullopt, Status(Code::kNotFound, "RPC_SERVICE_UNKNOWN",
                                          "This server has no service " + *service + ".")
                                       .With("service", *service));
    } else {
      stream->Finish(Response(status), Status::Ok());
    }
  });
}

void HealthService::Watch(std::shared_ptr<Stream> stream, std::shared_ptr<void> slot) {
  stream->OnDone([this, key = stream.get()] {
    std::lock_guard lock(mutex_);
    watchers_.erase(key);
  });
  stream->Read([this, stream, slot](const std::optional<std::string>& message) {
    auto service = ServiceIn(message);
    if (!service) return stream->Finish(std::nullopt, Unreadable());
    auto watcher = std::make_shared<Watcher>();
    watcher->stream = stream;
    watcher->slot = slot;
    watcher->service = *service;
    Add(watcher);
  });
}

void HealthService::Add(const WatcherPtr& watcher) {
  std::lock_guard lock(mutex_);
  Push(watcher);
  // Not where the call has ended already, because nothing would remove it.
  if (watcher->writing) watchers_[watcher->stream.get()] = watcher;
}

void HealthService::Push(const WatcherPtr& watcher) {
  if (watcher->writing) return;
  int status = StatusOf(serving_, watcher->service);
  if (watcher->sent != status) {
    watcher->sent = status;
    watcher->writing = watcher->stream->Write(Response(status), [this, watcher] {
      std::lock_guard lock(mutex_);
      watcher->writing = false;
      Push(watcher);
    });
  }
  if (closed_) watcher->stream->Finish(std::nullopt, Status::Ok());
}

void HealthService::Set(const std::string& service, bool serving) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  serving_[service] = serving;
  for (const auto& [stream, watcher] : watchers_) Push(watcher);
}

void HealthService::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [service, serving] : serving_) serving = false;
  for (const auto& [stream, watcher] : watchers_) Push(watcher);
}

}  // namespace crm::rpc
