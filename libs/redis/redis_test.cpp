// Client and rate limiter on a real Redis.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "libs/redis/client.h"
#include "libs/redis/rate_limiter.h"
#include "libs/testing/clock.h"
#include "libs/testing/eventually.h"
#include "libs/testing/process.h"
#include "libs/testing/servers.h"
#include "libs/testing/tcp_gate.h"

namespace crm::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::Eventually;

Result<Reply> Do(Client& client, std::vector<std::string> command) {
  return client.Run(command);
}

int64_t Integer(Client& client, std::vector<std::string> command) {
  auto reply = client.Run(command);
  EXPECT_TRUE(reply.ok()) << reply.status().ToString();
  return reply.ok() && reply->integer() != nullptr ? *reply->integer() : -1;
}

// Patient, because a busy machine is no lost Redis here.
Options Shared() {
  return {.address = test::RedisAddress(), .timeout = seconds(10)};
}

TEST(Client, RepliesKeepTheirTypesAndBytes) {
  Client client(Shared());
  const std::string key = test::UniqueName("redis_test");
  const std::string bytes("\0\r\n\xff", 4);
  ASSERT_TRUE(Do(client, {"SET", key, bytes}).ok());
  EXPECT_EQ(*Do(client, {"GET", key})->text(), bytes);
  EXPECT_EQ(Integer(client, {"STRLEN", key}), 4);
  auto list = Do(client, {"MGET", key, key + "x"});
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->list()->size(), 2u);
  EXPECT_EQ(*list->list()->front().text(), bytes);
  EXPECT_TRUE(list->list()->back().is_null());
  EXPECT_EQ(Integer(client, {"DEL", key}), 1);
  EXPECT_TRUE(Do(client, {"GET", key})->is_null());
}

TEST(Client, RefusedCommandNamesTheErrorAndLeavesTheConnectionGood) {
  Client client(Shared());
  auto reply = Do(client, {"EVALSHA", std::string(40, '0'), "0"});
  EXPECT_EQ(reply.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(reply.status().reason(), "REDIS_REFUSED");
  EXPECT_EQ(reply.status().metadata().at("error"), "NOSCRIPT");
  EXPECT_TRUE(client.Ping().ok());
}

TEST(Client, LateAnswerIsNeverTakenForTheNextOne) {
  test::TcpGate gate(test::RedisAddress());
  Client client({.address = gate.address(), .pool_size = 1, .timeout = milliseconds(200)});
  EXPECT_TRUE(Eventually([&] { return client.Ping().ok(); }));
  gate.Freeze();
  EXPECT_EQ(Do(client, {"ECHO", "late"}).status().reason(), "REDIS_UNAVAILABLE");
  gate.Open();
  EXPECT_TRUE(Eventually([&] {
    auto reply = Do(client, {"ECHO", "next"});
    EXPECT_TRUE(!reply.ok() || *reply->text() == "next");
    return reply.ok();
  }));
}

TEST(Client, ConnectionThatTheServerClosedIsReplacedUnnoticed) {
  Options options = Shared();
  options.pool_size = 1;
  Client client(options);
  Client other(Shared());
  for (int i = 0; i < 3; ++i) {
    const int64_t id = Integer(client, {"CLIENT", "ID"});
    EXPECT_EQ(Integer(other, {"CLIENT", "KILL", "ID", std::to_string(id)}), 1);
    EXPECT_TRUE(Eventually([&] {
      return Do(other, {"CLIENT", "LIST", "ID", std::to_string(id)})->text()->empty();
    }));
  }
}

TEST(Client, BusyPoolRefusesWithARetryHint) {
  Options options = Shared();
  options.pool_size = 1;
  options.timeout = milliseconds(500);
  Client client(options);
  const std::string key = test::UniqueName("redis_test");
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const Status status = Do(client, {"BLPOP", key, "0.4"}).status();
      refused += status.reason() == "REDIS_POOL_EXHAUSTED" &&
                 status.code() == Code::kResourceExhausted && status.retry_after().has_value();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GE(refused, 1);
  EXPECT_TRUE(Eventually([&] { return client.Ping().ok(); }));
}

TEST(Client, WrongAddressAndMissingPasswordFileAreReported) {
  EXPECT_EQ(Client({.address = "nowhere"}).Ping().code(), Code::kInvalidArgument);
  EXPECT_EQ(Client({.address = "127.0.0.1:1"}).Ping().reason(), "REDIS_UNAVAILABLE");
  EXPECT_EQ(Client({.address = "/no/such/socket"}).Ping().reason(), "REDIS_UNAVAILABLE");
  Options options = Shared();
  options.password_file = "no/such/file";
  EXPECT_EQ(Client(options).Ping().reason(), "REDIS_UNAVAILABLE");
}

class Limits : public ::testing::Test {
 protected:
  Limits() : client_(Shared()), clock_(test::kMonday), limiter_(client_, clock_, Named()) {}

  RateLimiterOptions Named() {
    return {.prefix = prefix_, .on_redis_lost = [this](const Status&) { ++lost_; }};
  }
  // How many of `calls` pass at once.
  static int Allowed(RateLimiter& limiter, const std::string& key, int calls, double rate,
                     int64_t burst) {
    int allowed = 0;
    for (int i = 0; i < calls; ++i) allowed += limiter.Allow(key, rate, burst).allowed;
    return allowed;
  }

  const std::string prefix_ = test::UniqueName("rate") + ":";
  std::atomic<int> lost_ = 0;
  Client client_;
  ManualClock clock_;
  RateLimiter limiter_;
};

TEST_F(Limits, BurstPassesAndTheNextIsToldWhenToComeBack) {
  EXPECT_EQ(Allowed(limiter_, "a", 20, 0.001, 5), 5);
  const Decision refused = limiter_.Allow("a", 0.001, 5);
  EXPECT_FALSE(refused.allowed);
  EXPECT_FALSE(refused.local);
  EXPECT_GT(refused.retry_after, seconds(900));
  EXPECT_LE(refused.retry_after, seconds(1000));
  EXPECT_TRUE(limiter_.Allow("b", 0.001, 5).allowed) << "another key has its own bucket";
  EXPECT_EQ(lost_, 0);
}

TEST_F(Limits, BucketFillsAtTheRate) {
  const auto start = steady_clock::now();
  int allowed = 0;
  while (steady_clock::now() - start < milliseconds(500)) {
    allowed += limiter_.Allow("a", 200, 10).allowed;
  }
  const double elapsed = std::chrono::duration<double>(steady_clock::now() - start).count();
  EXPECT_LE(allowed, 10 + elapsed * 200 + 1);
  EXPECT_GE(allowed, 0.9 * elapsed * 200);
}

TEST_F(Limits, ReplicasShareOneBucket) {
  constexpr int kReplicas = 4;
  std::atomic<int> allowed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kReplicas; ++i) {
    threads.emplace_back([&] {
      Client client(Shared());
      RateLimiter limiter(client, clock_, Named());
      allowed += Allowed(limiter, "a", 100, 0.001, 50);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(allowed, 50);
  EXPECT_EQ(lost_, 0);
}

TEST_F(Limits, EmptyBucketsLeaveNothingInRedis) {
  ASSERT_TRUE(limiter_.Allow("a", 100, 5).allowed);
  EXPECT_TRUE(Eventually([&] { return Integer(client_, {"EXISTS", prefix_ + "a"}) == 0; }));
}

TEST_F(Limits, LimitThatIsNotPositiveAllowsNothing) {
  EXPECT_FALSE(limiter_.Allow("a", 0, 5).allowed);
  EXPECT_FALSE(limiter_.Allow("a", -1, 5).allowed);
  EXPECT_FALSE(limiter_.Allow("a", 5, 0).allowed);
  EXPECT_TRUE(limiter_.Allow("a", 1e12, 1).allowed);
  EXPECT_TRUE(limiter_.Allow("b", 1e-12, 1).allowed);
}

TEST_F(Limits, FlushedRedisOnlyForgetsWhatWasUsed) {
  EXPECT_EQ(Allowed(limiter_, "a", 10, 0.001, 5), 5);
  ASSERT_EQ(Integer(client_, {"DEL", prefix_ + "a"}), 1);
  ASSERT_TRUE(Do(client_, {"SCRIPT", "FLUSH"}).ok());
  EXPECT_EQ(Allowed(limiter_, "a", 10, 0.001, 5), 5);
  EXPECT_EQ(lost_, 0);
}

TEST_F(Limits, ForeignValueUnderTheKeyDoesNoHarm) {
  ASSERT_TRUE(Do(client_, {"SET", prefix_ + "text", "not a number"}).ok());
  EXPECT_EQ(Allowed(limiter_, "text", 10, 0.001, 5), 5);
  ASSERT_TRUE(Do(client_, {"SET", prefix_ + "future", "9000000000000000"}).ok());
  EXPECT_LE(limiter_.Allow("future", 1, 5).retry_after, seconds(1)) << "Redis's clock went back";
  ASSERT_EQ(Integer(client_, {"LPUSH", prefix_ + "list", "x"}), 1);
  EXPECT_EQ(Allowed(limiter_, "list", 10, 0.001, 5), 5) << "counted here instead";
  EXPECT_EQ(lost_, 10);
  EXPECT_FALSE(limiter_.degraded()) << "it does answer";
}

TEST_F(Limits, LostRedisIsCountedHereUntilItAnswersAgain) {
  test::TcpGate gate(test::RedisAddress());
  Client client({.address = gate.address(), .timeout = seconds(10)});
  RateLimiter limiter(client, clock_, Named());
  ASSERT_FALSE(limiter.Allow("a", 1, 5).local);
  gate.Shut();
  for (int i = 0; i < 5; ++i) {
    const Decision decision = limiter.Allow("a", 1, 5);
    EXPECT_TRUE(decision.allowed);
    EXPECT_TRUE(decision.local);
  }
  const Decision refused = limiter.Allow("a", 1, 5);
  EXPECT_FALSE(refused.allowed) << "limits hold in this process";
  EXPECT_EQ(refused.retry_after, seconds(1));
  EXPECT_TRUE(limiter.degraded());
  EXPECT_EQ(lost_, 1) << "Redis rests";
  gate.Open();
  EXPECT_TRUE(limiter.Allow("b", 1, 5).local);
  clock_.Advance(seconds(1));
  EXPECT_TRUE(limiter.Allow("a", 1, 5).allowed);
  EXPECT_FALSE(limiter.degraded());
  EXPECT_FALSE(limiter.Allow("a", 1, 5).local);
}

TEST_F(Limits, LocalBucketsFillAtTheRateAndAreBounded) {
  Client nowhere({.address = "127.0.0.1:1"});
  RateLimiterOptions options = Named();
  options.rest = std::chrono::hours(24);
  options.local_buckets = 2;
  RateLimiter limiter(nowhere, clock_, options);
  EXPECT_EQ(Allowed(limiter, "a", 10, 2, 4), 4);
  clock_.Advance(milliseconds(1500));
  EXPECT_EQ(Allowed(limiter, "a", 10, 2, 4), 3);
  EXPECT_EQ(Allowed(limiter, "b", 10, 2, 4), 4);
  EXPECT_EQ(Allowed(limiter, "c", 10, 2, 4), 10) << "no room: fail open";
  clock_.Advance(seconds(2));
  EXPECT_EQ(Allowed(limiter, "c", 10, 2, 4), 4) << "full buckets have made room";
}

TEST_F(Limits, SilentRedisDelaysOneCallARest) {
  test::TcpGate gate(test::RedisAddress());
  Client client({.address = gate.address(), .pool_size = 2, .timeout = milliseconds(100)});
  RateLimiter limiter(client, clock_, Named());
  gate.Freeze();
  EXPECT_TRUE(limiter.Allow("a", 1000, 1000).local);
  const int lost = lost_;
  EXPECT_EQ(Allowed(limiter, "a", 100, 1000, 1000), 100);
  EXPECT_EQ(lost_, lost);
  clock_.Advance(seconds(1));
  EXPECT_EQ(Allowed(limiter, "a", 100, 1000, 1000), 100);
  EXPECT_EQ(lost_, lost + 1);
}

TEST_F(Limits, KilledAndRestartedRedisNeverFailsACall) {
  const std::string socket =
      (std::filesystem::temp_directory_path() / test::UniqueName("redis")).string();
  const auto start = [&] {
    return std::make_unique<test::Process>(test::ProcessOptions{
        .argv = {"redis-server", "--port", "0", "--unixsocket", socket, "--save", ""}});
  };
  auto server = start();
  Client client({.address = socket, .timeout = seconds(10)});
  EXPECT_TRUE(Eventually([&] { return client.Ping().ok(); }));
  RateLimiter limiter(client, clock_, Named());
  EXPECT_EQ(Allowed(limiter, "a", 10, 0.001, 5), 5);
  server->Kill();
  EXPECT_EQ(Allowed(limiter, "a", 10, 0.001, 5), 5);
  EXPECT_TRUE(limiter.degraded());
  server = start();
  EXPECT_TRUE(Eventually([&] { return client.Ping().ok(); }));
  clock_.Advance(seconds(1));
  EXPECT_EQ(Allowed(limiter, "a", 10, 0.001, 5), 5);
  EXPECT_FALSE(limiter.degraded());
  server.reset();
  std::filesystem::remove(socket);
}

}  // namespace
}  // namespace crm::redis
