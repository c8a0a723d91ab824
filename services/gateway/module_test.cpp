#include "services/gateway/module.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "libs/config/config.h"
#include "libs/rpc/channels.h"
#include "libs/testing/clock.h"
#include "services/gateway/test_client.h"

namespace crm::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(OptionsOf, TakesWhatTheConfigurationSays) {
  const auto config = config::LoadText(R"(
gateway:
  listen_address: "[::1]:8443"
  tls: {certificate_file: /c.pem, key_file: /k.pem}
  cors_origins: ["https://a.example.com", "https://b.example.com"]
  max_body_bytes: 2048
  request_timeout: 10m
  trusted_proxies: ["10.0.0.0/8"]
  max_streams: 7
limits: {worker_threads: 2, queue_length: 9}
)")
                          .value();
  const auto options = OptionsOf(config).value();
  EXPECT_EQ(options.http.address, "::1");
  EXPECT_EQ(options.http.port, 8443);
  EXPECT_EQ(options.http.certificate_file, "/c.pem");
  EXPECT_EQ(options.http.key_file, "/k.pem");
  EXPECT_EQ(options.http.max_body_bytes, 2048u);
  EXPECT_EQ(options.requests.timeout, std::chrono::minutes(10));
  EXPECT_EQ(options.requests.longest_timeout, std::chrono::minutes(10));
  EXPECT_EQ(options.requests.max_streams, 7u);
  EXPECT_EQ(options.requests.call_threads, 16u);
  EXPECT_EQ(options.requests.call_queue, 9u);
  EXPECT_THAT(options.cors.allowed_origins,
              ElementsAre("https://a.example.com", "https://b.example.com"));
  EXPECT_THAT(options.trusted_proxies, ElementsAre("10.0.0.0/8"));
}

TEST(OptionsOf, RefusesAnAddressThatIsNone) {
  for (const char* bad :
       {"8080", "127.0.0.1", ":8080", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000"}) {
    const auto config =
        config::LoadText("gateway: {listen_address: \"" + std::string(bad) + "\"}").value();
    EXPECT_EQ(OptionsOf(config).status().reason(), "CONFIG_INVALID") << bad;
  }
}

// Keeps the last line.
class LastLine final : public log::Sink {
 public:
  void Write(std::string_view line) override {
    std::lock_guard lock(mutex_);
    line_ = line;
  }
  std::string Get() {
    std::lock_guard lock(mutex_);
    return line_;
  }

 private:
  std::mutex mutex_;
  std::string line_;  // GUARDED_BY(mutex_)
};

class GatewayModuleTest : public ::testing::Test {
 protected:
  std::unique_ptr<runtime::Module> Make(const std::string& yaml) {
    config_ = config::LoadText(yaml).value();
    return MakeModule(context_, channels_);
  }
  int LoggedPort() const {
    const std::string line = sink_->Get();
    return std::stoi(line.substr(line.find("\"port\":") + 7));
  }

  ManualClock clock_{test::kMonday};
  std::unique_ptr<IdGenerator> ids_ = MakeSeededIds(clock_, 1);
  std::shared_ptr<LastLine> sink_ = std::make_shared<LastLine>();
  log::Logger log_{sink_, {}, clock_};
  metrics::Registry metrics_;
  trace::Tracer tracer_{*ids_, clock_};
  runtime::HealthMonitor health_{log_, metrics_};
  config::v1::Config config_;
  runtime::AppContext context_{config_, clock_, *ids_, log_, metrics_, tracer_, health_};
  rpc::RoutedChannels channels_;
};

TEST_F(GatewayModuleTest, ServesFromStartToStop) {
  const auto module = Make("gateway: {listen_address: \"localhost:0\"}");
  EXPECT_EQ(module->name(), "gateway");
  EXPECT_THAT(module->depends_on(), ElementsAre("rpc"));
  ASSERT_TRUE(module->Start().ok());
  const int port = LoggedPort();
  EXPECT_EQ(TestClient(port).Call("GET", "/healthz").status, 200);
  EXPECT_THAT(TestClient(port).Call("GET", "/readyz").body, HasSubstr("unavailable"));
  module->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  EXPECT_FALSE(TestClient(port).connected());
}

TEST_F(GatewayModuleTest, TurnsReadinessOffWithTheProcess) {
  std::vector<std::unique_ptr<runtime::Module>> modules;
  modules.push_back(Make("gateway: {listen_address: \"127.0.0.1:0\"}"));
  ASSERT_TRUE(modules[0]->Start().ok());
  const int port = LoggedPort();
  health_.Start(modules, std::chrono::seconds(1));
  EXPECT_THAT(TestClient(port).Call("GET", "/readyz").body, Not(HasSubstr("draining")));
  health_.Withdraw();
  EXPECT_THAT(TestClient(port).Call("GET", "/readyz").body, HasSubstr("draining"));
  EXPECT_EQ(TestClient(port).Call("GET", "/healthz").status, 200);
  modules[0]->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(10));
}

TEST_F(GatewayModuleTest, SaysWhyItCannotStart) {
  EXPECT_EQ(Make("gateway: {trusted_proxies: [here]}")->Start().reason(), "PROXY_BLOCK_INVALID");
}

}  // namespace
}  // namespace crm::gateway
