#include "libs/runtime/module_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace crm::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Journal = std::vector<std::string>;

class FakeModule final : public Module {
 public:
  FakeModule(std::string name, std::vector<std::string> depends_on, Journal& journal)
      : name_(std::move(name)), depends_on_(std::move(depends_on)), journal_(journal) {}

  std::string name() const override { return name_; }
  std::vector<std::string> depends_on() const override { return depends_on_; }
  Status Start() override {
    if (!start_status.ok()) return start_status;
    journal_.push_back("start " + name_);
    return Status();
  }
  void Stop(SteadyTime deadline) override {
    if (stop_waits_for.valid()) stop_waits_for.wait();
    journal_.push_back("stop " + name_);
    stop_time_left = deadline - std::chrono::steady_clock::now();
    if (on_stopped) on_stopped();
  }

  Status start_status;
  std::future<void> stop_waits_for;
  std::function<void()> on_stopped;
  std::chrono::nanoseconds stop_time_left{};

 private:
  const std::string name_;
  const std::vector<std::string> depends_on_;
  Journal& journal_;
};

class ModuleManagerTest : public testing::Test {
 protected:
  FakeModule& Add(std::string name, std::vector<std::string> depends_on = {}) {
    auto module = std::make_unique<FakeModule>(std::move(name), std::move(depends_on), journal_);
    auto& reference = *module;
    manager_->Add(std::move(module));
    return reference;
  }

  Journal journal_;
  std::unique_ptr<ModuleManager> manager_ = std::make_unique<ModuleManager>(log::Logger::Silent());
};

TEST_F(ModuleManagerTest, StartsDependenciesFirstAndStopsThemLast) {
  Add("rpc", {"leads", "deals"});
  Add("deals", {"identity"});
  Add("leads", {"identity", "contacts"});
  Add("identity");
  Add("contacts");
  ASSERT_TRUE(manager_->Start(seconds(1)).ok());
  ASSERT_TRUE(manager_->Stop(seconds(1)).ok());
  EXPECT_THAT(journal_, ElementsAre("start identity", "start contacts", "start leads",
                                    "start deals", "start rpc", "stop rpc", "stop deals",
                                    "stop leads", "stop contacts", "stop identity"));
}

TEST_F(ModuleManagerTest, KeepsTheGivenOrderWhereNothingDepends) {
  Add("c");
  Add("a");
  Add("b");
  ASSERT_TRUE(manager_->Start(seconds(1)).ok());
  EXPECT_THAT(journal_, ElementsAre("start c", "start a", "start b"));
}

TEST_F(ModuleManagerTest, IgnoresDependenciesThatRunElsewhere) {
  Add("leads", {"identity"});
  EXPECT_TRUE(manager_->Start(seconds(1)).ok());
  EXPECT_THAT(journal_, ElementsAre("start leads"));
}

TEST_F(ModuleManagerTest, AFailureStopsWhatRunsAndNamesTheModule) {
  Add("first");
  Add("second");
  Add("broken").start_status = Unavailable("PG_UNREACHABLE", "no database");
  Add("never");
  Status status = manager_->Start(seconds(1));
  EXPECT_EQ(status.reason(), "PG_UNREACHABLE");
  EXPECT_EQ(status.metadata().at("module"), "broken");
  EXPECT_THAT(journal_, ElementsAre("start first", "start second", "stop second", "stop first"));
}

TEST_F(ModuleManagerTest, RefusesCirclesBeforeAnythingStarts) {
  Add("z");
  Add("a", {"b"});
  Add("b", {"c"});
  Add("c", {"a"});
  Status status = manager_->Start(seconds(1));
  EXPECT_EQ(status.reason(), "MODULE_GRAPH_INVALID");
  EXPECT_EQ(status.message(), "Modules depend on each other in a circle: a -> b -> c -> a.");
  EXPECT_THAT(journal_, IsEmpty());
}

TEST_F(ModuleManagerTest, RefusesTwoModulesOfOneName) {
  Add("leads");
  Add("leads");
  EXPECT_EQ(manager_->Start(seconds(1)).reason(), "MODULE_GRAPH_INVALID");
  EXPECT_THAT(journal_, IsEmpty());
}

TEST_F(ModuleManagerTest, StopsOnlyOnceAndOnlyWhatStarted) {
  Add("leads");
  ASSERT_TRUE(manager_->Stop(seconds(1)).ok());
  ASSERT_TRUE(manager_->Start(seconds(1)).ok());
  ASSERT_TRUE(manager_->Stop(seconds(1)).ok());
  ASSERT_TRUE(manager_->Stop(seconds(1)).ok());
  EXPECT_THAT(journal_, ElementsAre("start leads", "stop leads"));
}

TEST_F(ModuleManagerTest, EachModuleHasTheWholeLimitForItself) {
  FakeModule& first = Add("first");
  FakeModule& second = Add("second");
  ASSERT_TRUE(manager_->Start(seconds(600)).ok());
  ASSERT_TRUE(manager_->Stop(seconds(600)).ok());
  for (const FakeModule* module : {&first, &second}) {
    EXPECT_LE(module->stop_time_left, seconds(600));
    EXPECT_GT(module->stop_time_left, seconds(300));
  }
}

TEST_F(ModuleManagerTest, AModuleThatHangsEndsTheStop) {
  std::promise<void> release;
  std::promise<void> stopped;
  Add("first");
  FakeModule& stuck = Add("stuck");
  stuck.stop_waits_for = release.get_future();
  stuck.on_stopped = [&] { stopped.set_value(); };
  ASSERT_TRUE(manager_->Start(seconds(1)).ok());
  Status status = manager_->Stop(milliseconds(20));
  EXPECT_EQ(status.reason(), "MODULE_STOP_OVERRAN");
  EXPECT_EQ(status.metadata().at("module"), "stuck");
  EXPECT_THAT(journal_, ElementsAre("start first", "start stuck"));
  // A real process would end here; this one waits for the module before it destroys it.
  release.set_value();
  stopped.get_future().wait();
}

}  // namespace
}  // namespace crm::runtime
