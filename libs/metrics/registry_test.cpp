#include "libs/metrics/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace crm::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Registry, ExposesCountersInPrometheusFormat) {
  Registry registry;
  auto calls = registry.AddCounter(
      {.name = "crm_rpc_calls_total", .help = "Calls that ended.", .labels = {"method", "code"}});
  calls.With({"GetLead", "OK"}).Add();
  calls.With({"GetLead", "OK"}).Add(2);
  calls.With({"GetLead", "ABORTED"}).Add();
  std::string text = registry.Expose();
  EXPECT_THAT(text, HasSubstr("# HELP crm_rpc_calls_total Calls that ended.\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE crm_rpc_calls_total counter\n"));
  EXPECT_THAT(text, HasSubstr("crm_rpc_calls_total{code=\"OK\",method=\"GetLead\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("crm_rpc_calls_total{code=\"ABORTED\",method=\"GetLead\"} 1\n"));
}

TEST(Registry, ExposesGaugesAndHistograms) {
  Registry registry;
  Gauge lag = registry.AddGauge({.name = "crm_relay_lag_seconds", .help = "Lag."}).With({});
  lag.Set(2);
  lag.Add(-0.5);
  EXPECT_EQ(lag.value(), 1.5);
  Histogram seconds =
      registry.AddHistogram({.name = "crm_rpc_call_seconds", .help = "Time."}, {0.1, 1}).With({});
  seconds.Observe(std::chrono::milliseconds(50));
  seconds.Observe(0.5);
  seconds.Observe(30);
  std::string text = registry.Expose();
  EXPECT_THAT(text, HasSubstr("crm_relay_lag_seconds 1.5\n"));
  EXPECT_THAT(text, HasSubstr("crm_rpc_call_seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("crm_rpc_call_seconds_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("crm_rpc_call_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("crm_rpc_call_seconds_count 3\n"));
}

TEST(Registry, EscapesLabelValues) {
  Registry registry;
  registry.AddCounter({.name = "crm_x_total", .help = "X.", .labels = {"topic"}})
      .With({"a\"b\\c\nd"})
      .Add();
  EXPECT_THAT(registry.Expose(), HasSubstr(R"(crm_x_total{topic="a\"b\\c\nd"} 1)"));
}

TEST(Registry, CollapsesWhatIsOverTheBoundIntoOther) {
  Registry registry;
  auto family = registry.AddCounter(
      {.name = "crm_x_total", .help = "X.", .labels = {"method", "code"}, .max_series = 3});
  for (int i = 0; i < 10; ++i) family.With({"m" + std::to_string(i), "OK"}).Add();
  family.With({"m0", "OK"}).Add();  // a known one still counts as itself
  std::string text = registry.Expose();
  EXPECT_THAT(text, HasSubstr("crm_x_total{code=\"OK\",method=\"m0\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("crm_x_total{code=\"OK\",method=\"m2\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("m3")));
  EXPECT_THAT(text, HasSubstr("crm_x_total{code=\"other\",method=\"other\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("crm_metrics_collapsed_total{metric=\"crm_x_total\"} 7\n"));
}

TEST(Registry, KeepsLabelValuesApartWhateverTheyHold) {
  Registry registry;
  auto family =
      registry.AddCounter({.name = "crm_x_total", .help = "X.", .labels = {"method", "code"}});
  family.With({"ab", "c"}).Add();
  family.With({"a", "bc"}).Add();
  EXPECT_EQ(family.With({"ab", "c"}).value(), 1);
}

TEST(Registry, GivesTheSameFamilyForTheSameDescription) {
  Registry registry;
  Description description = {.name = "crm_x_total", .help = "X.", .labels = {"module"}};
  registry.AddCounter(description).With({"leads"}).Add();
  registry.AddCounter(description).With({"leads"}).Add();
  EXPECT_EQ(registry.AddCounter(description).With({"leads"}).value(), 2);
}

TEST(Registry, RefreshesWhatIsAskedForOnlyWhileItsTokenLives) {
  Registry registry;
  Gauge open = registry.AddGauge({.name = "crm_pg_connections", .help = "Open."}).With({});
  int asked = 0;
  auto token = registry.OnExpose([&] { open.Set(++asked); });
  EXPECT_THAT(registry.Expose(), HasSubstr("crm_pg_connections 1\n"));
  EXPECT_THAT(registry.Expose(), HasSubstr("crm_pg_connections 2\n"));
  token.reset();
  registry.Expose();
  EXPECT_EQ(asked, 2);
}

TEST(Registry, AHandleMadeByDefaultCountsNothing) {
  Counter counter;
  counter.Add();
  Gauge gauge;
  gauge.Set(3);
  Histogram().Observe(1);
  EXPECT_EQ(counter.value() + gauge.value(), 0);
}

TEST(Registry, CountsEveryAddOfEveryThread) {
  Registry registry;
  auto family = registry.AddCounter(
      {.name = "crm_x_total", .help = "X.", .labels = {"worker"}, .max_series = 5});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        family.With({std::to_string(i % 8)}).Add();
        if (i % 100 == 0) registry.Expose();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  double sum = family.With({"other"}).value();
  for (int i = 0; i < 8; ++i) {
    Counter counter = family.With({std::to_string(i)});
    if (counter.value() == 500) sum += 500;
  }
  EXPECT_EQ(sum, 4000);
}

TEST(RegistryDeathTest, EndsAProgramThatContradictsItself) {
  Registry registry;
  auto family = registry.AddCounter({.name = "crm_x_total", .help = "X.", .labels = {"code"}});
  EXPECT_DEATH(registry.AddCounter({.name = "crm_x_total", .help = "X.", .labels = {"method"}}),
               "crm_x_total: exists with other labels");
  EXPECT_DEATH(registry.AddCounter({.name = "crm_x", .help = "X."}), "a counter ends with _total");
  EXPECT_DEATH(registry.AddGauge({.name = "crm_y_total", .help = "X."}), "only a counter");
  EXPECT_DEATH(family.With({"a", "b"}), "wrong number of label values");
  registry.AddGauge({.name = "crm_y_seconds", .help = "Y."});
  EXPECT_DEATH(registry.AddHistogram({.name = "crm_y_seconds", .help = "Y."}, SecondsBuckets()),
               "exists with another kind");
}

}  // namespace
}  // namespace crm::metrics
