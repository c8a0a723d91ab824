#include "grpc/health/v1/health.pb.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "libs/rpc/client.h"
#include "libs/rpc/echo_server.h"

namespace crm::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kCheck[] = "grpc.health.v1.Health/Check";
constexpr char kWatch[] = "grpc.health.v1.Health/Watch";
constexpr char kService[] = "crm.testing.v1.EchoService";

std::string Ask(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request.SerializeAsString();
}

HealthCheckResponse::ServingStatus Read(const std::string& bytes) {
  HealthCheckResponse response;
  EXPECT_TRUE(response.ParseFromString(bytes));
  return response.status();
}

HealthCheckResponse::ServingStatus Check(RpcClient& client, const std::string& service) {
  return Read(client.CallBytes(kCheck, Ask(service), {}).value());
}

TEST(Health, StartsAsNotServingAndFlips) {
  EchoServer echo;
  EXPECT_EQ(Check(echo.client(), ""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check(echo.client(), kService), HealthCheckResponse::NOT_SERVING);
  echo.server().SetHealth("", true);
  EXPECT_EQ(Check(echo.client(), ""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check(echo.client(), kService), HealthCheckResponse::NOT_SERVING);
  echo.server().SetHealth(kService, true);
  EXPECT_EQ(Check(echo.client(), kService), HealthCheckResponse::SERVING);
  echo.server().SetHealth(kService, false);
  EXPECT_EQ(Check(echo.client(), kService), HealthCheckResponse::NOT_SERVING);
}

TEST(Health, DoesNotKnowOtherServices) {
  EchoServer echo;
  Status status = echo.client().CallBytes(kCheck, Ask("crm.leads.v1.LeadService"), {}).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.reason(), "RPC_SERVICE_UNKNOWN");
  EXPECT_EQ(echo.client().CallBytes(kCheck, "\xff\xff", {}).status().code(),
            Code::kInvalidArgument);
}

TEST(Health, WatchFollowsEachChangeUntilTheServerDrains) {
  EchoServer echo;
  std::vector<int> seen;
  ClientCallOptions options;
  options.timeout = std::chrono::milliseconds(0);
  std::thread drain;
  Status end =
      echo.client().StreamBytes(kWatch, Ask(kService), options, [&](const std::string& message) {
        seen.push_back(Read(message));
        // Each step is taken when the one before has been seen, so none is overtaken by the next.
        if (seen.size() == 1) echo.server().SetHealth(kService, true);
        if (seen.size() == 2) {
          drain = std::thread([&] { echo.server().Drain(std::chrono::hours(1)); });
        }
        return true;
      });
  drain.join();
  EXPECT_TRUE(end.ok()) << end.ToString();
  EXPECT_EQ(seen, (std::vector<int>{HealthCheckResponse::NOT_SERVING, HealthCheckResponse::SERVING,
                                    HealthCheckResponse::NOT_SERVING}));
}

TEST(Health, WatchOfAnUnknownServiceWaitsForIt) {
  EchoServer echo;
  std::vector<int> seen;
  Status end = echo.client().StreamBytes(kWatch, Ask("later"), {}, [&](const std::string& message) {
    seen.push_back(Read(message));
    if (seen.size() == 1) echo.server().SetHealth("later", true);
    return seen.size() < 2;
  });
  EXPECT_TRUE(end.ok());
  EXPECT_EQ(seen,
            (std::vector<int>{HealthCheckResponse::SERVICE_UNKNOWN, HealthCheckResponse::SERVING}));
}

TEST(Health, WatchersCostNeitherThreadsNorCallSlots) {
  ServerOptions options;
  options.max_calls = 1;
  EchoServer echo(EchoBack, EchoBack, options);
  constexpr int kWatchers = 20;
  std::atomic<int> watching = 0;
  Signal all;
  std::stop_source stop;
  std::vector<std::thread> watchers;
  for (int i = 0; i < kWatchers; ++i) {
    watchers.emplace_back([&] {
      ClientCallOptions call;
      call.stop = stop.get_token();
      Status end = echo.client().StreamBytes(kWatch, Ask(""), call, [&](const std::string&) {
        if (++watching == kWatchers) all.Raise();
        return true;
      });
      EXPECT_EQ(end.reason(), "RPC_CANCELLED");
    });
  }
  EXPECT_TRUE(all.Wait());
  EXPECT_EQ(echo.client().CallBytes(kEcho, "a", {}).value(), "a");
  stop.request_stop();
  for (auto& watcher : watchers) watcher.join();
}

}  // namespace
}  // namespace crm::rpc
