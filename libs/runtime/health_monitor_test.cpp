#include "libs/runtime/health_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "libs/testing/eventually.h"

namespace crm::runtime {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeModule final : public Module {
 public:
  explicit FakeModule(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Status Start() override { return Status(); }
  void Stop(SteadyTime) override {}
  Status Health() const override {
    ++asked;
    if (hangs_on.valid() && asked > 1) hangs_on.wait();
    return healthy ? Status() : Unavailable("PG_CONNECTION_LOST", "no database");
  }

  std::atomic<bool> healthy = true;
  std::shared_future<void> hangs_on;  // from the second question on
  mutable std::atomic<int> asked = 0;

 private:
  const std::string name_;
};

class HealthMonitorTest : public testing::Test {
 protected:
  HealthMonitorTest() {
    for (const char* name : {"leads", "deals"}) {
      modules_.push_back(std::make_unique<FakeModule>(name));
    }
  }
  FakeModule& leads() { return static_cast<FakeModule&>(*modules_[0]); }
  FakeModule& deals() { return static_cast<FakeModule&>(*modules_[1]); }

  // What a listener was told so far.
  std::vector<std::string> Told() {
    std::lock_guard lock(mutex_);
    return told_;
  }
  HealthMonitor::Listener Note() {
    return [this](const std::string& module, bool serving) {
      std::lock_guard lock(mutex_);
      told_.push_back(module + (serving ? " serves" : " does not"));
    };
  }

  std::mutex mutex_;
  std::vector<std::string> told_;  // GUARDED_BY(mutex_)
  metrics::Registry metrics_;
  std::vector<std::unique_ptr<Module>> modules_;
  HealthMonitor monitor_{log::Logger::Silent(), metrics_};
};

TEST_F(HealthMonitorTest, IsReadyOnceAllModulesServe) {
  EXPECT_EQ(monitor_.Ready().reason(), "NOT_STARTED");
  monitor_.OnChange(Note());
  monitor_.Start(modules_, std::chrono::hours(1));
  EXPECT_TRUE(monitor_.Ready().ok());
  EXPECT_THAT(Told(), ElementsAre("leads serves", "deals serves"));
}

TEST_F(HealthMonitorTest, TellsWhenAModuleIsLostAndWhenItIsBack) {
  monitor_.Start(modules_, milliseconds(1));
  monitor_.OnChange(Note());  // told the present state first, by name
  leads().healthy = false;
  EXPECT_TRUE(test::Eventually([&] { return !monitor_.Ready().ok(); }));
  EXPECT_EQ(monitor_.Ready().reason(), "MODULE_UNHEALTHY");
  EXPECT_EQ(monitor_.Ready().metadata().at("module"), "leads");
  EXPECT_THAT(metrics_.Expose(), HasSubstr("crm_module_serving{module=\"leads\"} 0\n"));
  leads().healthy = true;
  EXPECT_TRUE(test::Eventually([&] { return monitor_.Ready().ok(); }));
  EXPECT_THAT(Told(),
              ElementsAre("deals serves", "leads serves", "leads does not", "leads serves"));
  EXPECT_THAT(metrics_.Expose(), HasSubstr("crm_module_serving{module=\"leads\"} 1\n"));
}

TEST_F(HealthMonitorTest, OneSlowAnswerDelaysNoOther) {
  std::promise<void> release;
  deals().hangs_on = release.get_future().share();
  monitor_.Start(modules_, milliseconds(1));
  EXPECT_TRUE(test::Eventually([&] { return deals().asked > 1; }));
  leads().healthy = false;
  EXPECT_TRUE(test::Eventually([&] { return !monitor_.Ready().ok(); }));
  release.set_value();
}

TEST_F(HealthMonitorTest, WithdrawnStaysWithdrawnWhateverModulesSay) {
  monitor_.OnChange(Note());
  monitor_.Start(modules_, milliseconds(1));
  monitor_.Withdraw();
  int asked = leads().asked;
  EXPECT_EQ(monitor_.Ready().reason(), "WITHDRAWN");
  EXPECT_THAT(Told(),
              ElementsAre("leads serves", "deals serves", "deals does not", "leads does not"));
  monitor_.Withdraw();
  EXPECT_EQ(Told().size(), 4u);
  EXPECT_EQ(leads().asked, asked);
}

}  // namespace
}  // namespace crm::runtime
