// RequestHandler: what happens to one HTTP request, in order:
//
//   preflight -> health -> route -> room in a pool -> content type -> message -> headers -> backend
//   -> call -> JSON
//
// Calls block, so they run in a bounded pool of threads; streams live long, so each has a thread of
// a second bounded pool and cannot starve the calls. Over either bound the answer is 429 with
// Retry-After.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "libs/base/executor.h"
#include "libs/base/uuid.h"
#include "libs/rpc/client.h"
#include "services/gateway/backends.h"
#include "services/gateway/client_address.h"
#include "services/gateway/cors.h"
#include "services/gateway/http.h"
#include "services/gateway/route_table.h"
#include "services/gateway/telemetry.h"

namespace crm::gateway {

struct RequestOptions {
  size_t call_threads = 16;
  size_t call_queue = 256;
  size_t max_streams = 256;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  std::chrono::milliseconds longest_timeout = std::chrono::minutes(5);
  std::chrono::milliseconds stream_opens_after{300};
  std::chrono::milliseconds heartbeat_interval = std::chrono::seconds(15);
};

// What the handler works with; everything outlives it.
struct GatewayParts {
  const RouteTable& routes;
  rpc::ChannelFactory& channels;
  const Cors& cors;
  const ClientAddress& clients;
  const Telemetry& telemetry;
  IdGenerator& ids;
};

// Thread-safe.
class RequestHandler {
 public:
  RequestHandler(RequestOptions options, GatewayParts parts);
  ~RequestHandler();  // Stop()

  // Returns at once.
  void Handle(std::shared_ptr<HttpExchange> exchange);
  // From now on /readyz answers 503.
  void AnnounceDrain() { draining_ = true; }
  // Finishes what is under way. Calls of clients that have gone are cancelled, so drain the server
  // first. Idempotent.
  void Stop();

 private:
  struct Job;
  struct PreparedCall;
  using JobPtr = std::shared_ptr<Job>;

  bool HandleWithoutRoute(const JobPtr& job);
  void Enqueue(const JobPtr& job);
  void EnqueueStream(const JobPtr& job);
  Result<PreparedCall> Prepare(Job& job) const;
  rpc::Metadata MetadataOf(const Job& job, const std::string& ticket) const;
  void Call(Job& job) const;
  void Stream(Job& job) const;
  void CheckBackends(const JobPtr& job);
  void Decorate(const Job& job, HttpResponse& response) const;
  void Finish(Job& job, HttpResponse response, const Status& status) const;
  void Fail(Job& job, const Status& status) const;

  const RequestOptions options_;
  const GatewayParts parts_;
  const Backends backends_;
  std::atomic<bool> draining_ = false;
  std::atomic<size_t> streams_ = 0;
  ThreadPool call_pool_;
  ThreadPool stream_pool_;
};

}  // namespace crm::gateway
