#include "services/gateway/readiness.h"

#include <algorithm>
#include <mutex>
#include <set>

namespace crm::gateway {
namespace {

constexpr char kCheck[] = "grpc.health.v1.Health/Check";
// HealthCheckResponse{status: SERVING}; the request for the server as a whole is an empty message.
constexpr std::string_view kServing("\x08\x01", 2);
constexpr auto kTimeout = std::chrono::seconds(1);

// The answers so far. Thread-safe.
class Survey {
 public:
  Survey(size_t expected, std::function<void(Readiness)> done)
      : expected_(expected), done_(std::move(done)) {}

  void Answer(const std::vector<std::string>& services, bool serving) {
    std::unique_lock lock(mutex_);
    for (const auto& service : services) readiness_.serving[service] = serving;
    if (--expected_ > 0) return;
    lock.unlock();
    done_(std::move(readiness_));
  }

 private:
  std::mutex mutex_;
  size_t expected_;      // GUARDED_BY(mutex_)
  Readiness readiness_;  // GUARDED_BY(mutex_)
  const std::function<void(Readiness)> done_;
};

}  // namespace

bool Readiness::ready() const {
  return std::any_of(serving.begin(), serving.end(),
                     [](const auto& entry) { return entry.second; });
}

std::string Readiness::ToJson(bool draining) const {
  const bool all =
      std::all_of(serving.begin(), serving.end(), [](const auto& entry) { return entry.second; });
  std::string json = "{\"status\":\"";
  json += draining ? "draining" : !ready() ? "unavailable" : all ? "ok" : "degraded";
  json += "\",\"services\":{";
  bool first = true;
  for (const auto& [service, serves] : serving) {
    json += std::exchange(first, false) ? "\"" : ",\"";
    json += service + "\":\"" + (serves ? "SERVING" : "NOT_SERVING") + "\"";
  }
  return json + "}}";
}

void CheckReadiness(const RouteTable& routes, rpc::ChannelFactory& channels, Executor& executor,
                    std::function<void(Readiness)> done) {
  std::set<std::string> services;
  for (const auto& route : routes.routes()) services.insert(route.method->service()->full_name());
  std::map<std::shared_ptr<rpc::RpcClient>, std::vector<std::string>> servers;
  for (const auto& service : services) {
    if (auto client = channels.ForService(service)) servers[*client].push_back(service);
  }
  if (servers.empty()) return done({});
  auto survey = std::make_shared<Survey>(servers.size(), std::move(done));
  for (const auto& [client, names] : servers) {
    const bool posted = executor.Post([survey, client = client, names = names] {
      rpc::ClientCallOptions options;
      options.timeout = kTimeout;
      const auto answer = client->CallBytes(kCheck, "", options);
      survey->Answer(names, answer && *answer == kServing);
    });
    if (!posted) survey->Answer(names, false);
  }
}

}  // namespace crm::gateway
