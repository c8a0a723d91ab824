#include "libs/runtime/process_metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace crm::runtime {
namespace {

using ::testing::HasSubstr;

double ValueOf(const std::string& text, const std::string& metric) {
  size_t at = text.find("\n" + metric + " ");
  EXPECT_NE(at, std::string::npos) << metric << " in\n" << text;
  return at == std::string::npos ? 0 : std::stod(text.substr(at + metric.size() + 2));
}

TEST(ProcessMetrics, TellWhatTheProcessUses) {
  metrics::Registry registry;
  ManualClock clock(*ParseTime("2026-11-22T04:15:00Z"));
  auto token = AddProcessMetrics(registry, clock, "crm-leads", "1.2.3");
  std::string before = registry.Expose();
  EXPECT_THAT(before, HasSubstr("crm_build_info{program=\"crm-leads\",version=\"1.2.3\"} 1\n"));
  EXPECT_EQ(ValueOf(before, "crm_process_start_seconds"), 1795320900);
  EXPECT_GT(ValueOf(before, "crm_process_resident_bytes"), 1 << 20);

  int file = open("/dev/null", O_RDONLY);
  std::string after = registry.Expose();
  EXPECT_EQ(ValueOf(after, "crm_process_open_files"),
            ValueOf(before, "crm_process_open_files") + 1);
  EXPECT_GE(ValueOf(after, "crm_process_cpu_seconds_total"),
            ValueOf(before, "crm_process_cpu_seconds_total"));
  EXPECT_GT(ValueOf(after, "crm_process_cpu_seconds_total"), 0);
  close(file);
}

}  // namespace
}  // namespace crm::runtime
