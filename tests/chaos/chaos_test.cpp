// The fault bench in the ordinary tests: one round that reaches every crash point twice, and one
// for each bug that the bench must find. The whole campaign: tools/dev chaos.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "tests/chaos/campaign.h"
#include "tests/chaos/nemesis.h"
#include "tests/chaos/outage.h"

namespace crm::chaos {
namespace {

using ::testing::AnyOfArray;
using ::testing::Contains;
using ::testing::Field;

// One set of servers for all rounds, each with a database and topics of its own.
class ChaosTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { servers_ = new Servers(); }
  static void TearDownTestSuite() {
    delete servers_;
    servers_ = nullptr;
  }

  static RoundResult Run(RoundOptions options) {
    options.say = [](const std::string& line) {
      std::printf("%s\n", line.c_str());
      std::fflush(stdout);
    };
    return RunRound(*servers_, options);
  }

  static inline Servers* servers_ = nullptr;
};

TEST_F(ChaosTest, KeepsItsPromisesWhereverItIsKilled) {
  RoundOptions options{.seed = 1,
                       .kills = 36,
                       .per_point = 2,
                       .migration_kills = 2,
                       .import_kills = 2,
                       .other_faults = 8};
  auto result = Run(options);
  EXPECT_TRUE(result.findings.empty())
      << "seed 1, kept in " << result.kept << ": " << Describe(result.findings);
  for (const auto& point : CrashPoints()) EXPECT_GE(result.kills[point], 2) << point;
  EXPECT_GE(result.kills[kMigrationPoint], 2);
  EXPECT_GE(result.kills[kImportPoint], 2);
  EXPECT_EQ(result.faults.size(), std::size(kFaults));
  EXPECT_GT(result.calls, 200);
}

TEST_F(ChaosTest, KeepsItsPromisesWithTwoReplicasOfWhichEitherIsKilled) {
  auto result = Run(
      {.seed = 2,
       .kills = 10,
       .points = {"committer.after_commit", "committer.after_hot_push", "relay.before_cursor_moves",
                  "consumer.after_commit", "timer.before_commit", "effects.after_send"},
       .migration_kills = 0,
       .import_kills = 1,
       .other_faults = 4,
       .replicas = 2});
  EXPECT_TRUE(result.findings.empty())
      << "seed 2, kept in " << result.kept << ": " << Describe(result.findings);
  EXPECT_GE(result.total_kills(), 10);
}

TEST_F(ChaosTest, FailsNoWriteWhileKafkaIsAwayAndDrainsAfterwards) {
  auto result = RunOutage(*servers_, {.seed = 1, .away = std::chrono::seconds(12)});
  EXPECT_TRUE(result.findings.empty())
      << "kept in " << result.kept << ": " << Describe(result.findings);
  EXPECT_EQ(result.failed, 0);
  EXPECT_GT(result.backlog, 100);
  EXPECT_LT(result.lag_late, 3.0) << "seconds that the metric was behind the truth";
  EXPECT_GT(result.drained_per_second, 3 * result.arrived_per_second);
}

struct Plant {
  const char* name;
  // The checks of which one must turn red.
  std::vector<std::string> checks;
  std::vector<std::string> points = {};
  int other_faults = 0;
  uint64_t seed = 3;
};

class PlantedBug : public ChaosTest, public ::testing::WithParamInterface<Plant> {};

TEST_P(PlantedBug, IsFound) {
  const Plant& plant = GetParam();
  auto result = Run({.seed = plant.seed,
                     .kills = std::max(2, static_cast<int>(2 * plant.points.size())),
                     .per_point = 2,
                     .points = plant.points,
                     .migration_kills = 0,
                     .import_kills = 0,
                     .other_faults = plant.other_faults,
                     .plant = plant.name,
                     .patience = std::chrono::seconds(5)});
  EXPECT_THAT(result.findings, Contains(Field(&Finding::check, AnyOfArray(plant.checks))))
      << Describe(result.findings);
  if (!HasFailure()) std::filesystem::remove_all(result.kept);
}

INSTANTIATE_TEST_SUITE_P(
    Bugs, PlantedBug,
    ::testing::Values(Plant{"skip_log_row", {"tables"}},
                      Plant{"ack_before_commit", {"history"}, {"committer.before_commit"}},
                      Plant{"forget_inbox_row", {"inbox"}}, Plant{"effect_twice", {"effects"}},
                      // A server that crashed gives no number twice and leaves some out.
                      Plant{"numbers_from_sequence", {"log"}, {}, 1, 1},
                      Plant{"swap_tenant", {"tenants"}},
                      // What was lost misses in an inbox, or where something had to follow from it.
                      Plant{"offset_before_commit", {"inbox", "once"}},
                      Plant{"timer_twice", {"once"}}),
    [](const ::testing::TestParamInfo<Plant>& plant) { return std::string(plant.param.name); });

}  // namespace
}  // namespace crm::chaos
