// crm-chaos: the campaign of the fault bench; `tools/dev chaos` runs it.
//
//   crm-chaos [--kills N] [--seed S] [--per-point P] [--replicas R] [--report FILE]
//   crm-chaos --outage SECONDS [--seed S] [--report FILE]
//
// In rounds of up to 50 kills, each with a fresh installation and a seed of its own, counting from
// S. Prints progress, then what was found, and the failing seeds last. A round that failed is run
// again by its own seed with its own number of kills. With --outage it takes Kafka away for so long
// instead.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iomanip>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/chaos/campaign.h"
#include "tests/chaos/outage.h"
#include "tests/chaos/report.h"

namespace crm::chaos {
namespace {

constexpr int64_t kKillsOfARound = 50;
// In a campaign of 500 kills each point is reached 20 times.
constexpr int64_t kKillsPerPointKill = 25;

struct Campaign {
  int64_t seed = 1;
  int64_t kills = 500;
  int64_t per_point = 0;
  int64_t replicas = 1;
  int64_t outage = 0;
  std::string report;
  std::string command;
};

struct Total {
  std::map<std::string, int> kills;
  std::map<std::string, int> faults;
  std::vector<std::string> failures;  // how to repeat each
  int64_t calls = 0;
  int64_t events = 0;
  double seconds = 0;
  int rounds = 0;

  int64_t killed() const {
    int64_t sum = 0;
    for (const auto& [point, times] : kills) sum += times;
    return sum;
  }
};

// nullopt where something of it is not understood; a campaign of half an hour should not begin with
// other numbers than were meant.
std::optional<Campaign> Read(const std::vector<std::string>& arguments) {
  Campaign campaign;
  campaign.command = "tools/dev chaos";
  const std::map<std::string, int64_t*> numbers = {{"--seed", &campaign.seed},
                                                   {"--kills", &campaign.kills},
                                                   {"--per-point", &campaign.per_point},
                                                   {"--replicas", &campaign.replicas},
                                                   {"--outage", &campaign.outage}};
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string& flag = arguments[i];
    if (i + 1 == arguments.size()) return std::nullopt;
    const std::string& value = arguments[i + 1];
    if (flag == "--report") {
      campaign.report = value;
      continue;
    }
    auto number = numbers.find(flag);
    if (number == numbers.end()) return std::nullopt;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *number->second);
    if (error != std::errc() || end != value.data() + value.size() || *number->second < 0) {
      return std::nullopt;
    }
    campaign.command += " " + flag + " " + value;
  }
  campaign.replicas = std::max<int64_t>(1, campaign.replicas);
  return campaign;
}

// The round number `index` of `count`.
RoundOptions Plan(const Campaign& campaign, int64_t index, int64_t count) {
  RoundOptions options;
  options.seed = static_cast<uint64_t>(campaign.seed + index);
  int64_t per_point = campaign.per_point;
  if (per_point == 0) {
    int64_t wanted = std::max<int64_t>(2, campaign.kills / kKillsPerPointKill);
    per_point = (wanted + count - 1) / count;
  }
  options.per_point = static_cast<int>(per_point);
  options.migration_kills = options.import_kills = options.per_point;
  int64_t kills = (campaign.kills + count - 1) / count;
  options.kills = static_cast<int>(kills) - options.migration_kills - options.import_kills;
  options.other_faults = std::max(1, options.kills / 4);
  options.replicas = static_cast<int>(campaign.replicas);
  auto begin = std::chrono::steady_clock::now();
  options.say = [begin, index, count](const std::string& line) {
    std::chrono::duration<double> at = std::chrono::steady_clock::now() - begin;
    std::printf("round %d of %d, %6.1f s: %s\n", static_cast<int>(index) + 1,
                static_cast<int>(count), at.count(), line.c_str());
    std::fflush(stdout);
  };
  if (const char* plant = std::getenv("CRM_PLANT")) {
    options.plant = plant;
    options.patience = std::chrono::seconds(8);
  }
  return options;
}

void Add(const RoundOptions& options, const RoundResult& result, Total& total) {
  for (const auto& [point, times] : result.kills) total.kills[point] += times;
  for (const auto& [fault, times] : result.faults) total.faults[fault] += times;
  total.calls += result.calls;
  total.events += static_cast<int64_t>(result.events);
  total.seconds += result.seconds;
  ++total.rounds;
  if (result.findings.empty()) return;
  int kills = options.kills + options.migration_kills + options.import_kills;
  total.failures.push_back(
      "tools/dev chaos --seed " + std::to_string(options.seed) + " --kills " +
      std::to_string(kills) + " --per-point " + std::to_string(options.per_point) +
      (options.replicas == 1 ? "" : " --replicas " + std::to_string(options.replicas)));
}

// A run with several replicas has a chapter of its own.
void WriteReport(const Campaign& campaign, const Total& total) {
  char bound[32];
  std::snprintf(bound, sizeof bound, "%.2f %%",
                300.0 / static_cast<double>(std::max<int64_t>(total.killed(), 1)));
  std::ostringstream out;
  out << (campaign.replicas == 1 ? "# What the fault bench has measured"
                                 : "# Several processes on the same databases")
      << "\n\nWritten by `" << campaign.command << "`; what it does and judges is in "
      << "`tests/chaos/README.md`.\n\n"
      << "| | |\n|---|---|\n| crm-all at once | " << campaign.replicas << " |\n| kills | "
      << total.killed() << " |\n| rounds with a finding | " << total.failures.size() << " of "
      << total.rounds << " |\n";
  if (total.failures.empty()) {
    out << "| chance that a kill breaks a promise, upper bound at 95 % (3/n) | " << bound << " |\n";
  }
  out << "| seeds | " << campaign.seed << " to " << campaign.seed + total.rounds - 1
      << " |\n| calls, events | " << total.calls << ", " << total.events << " |\n| time | "
      << static_cast<int>(total.seconds / 60) << " min |\n| machine | " << Machine() << " |\n\n"
      << "## Where crm-all, its migrations and imports were killed\n\n"
      << Table("crash point", total.kills) << "\n## What else was done to it\n\n"
      << Table("fault", total.faults);
  for (const auto& failure : total.failures) out << "\nFailed: `" << failure << "`\n";
  WriteChapter(campaign.report, out.str());
}

int RunOutageOf(const Campaign& campaign) {
  Servers servers;
  OutageOptions options;
  options.seed = static_cast<uint64_t>(campaign.seed);
  options.away = std::chrono::seconds(campaign.outage);
  options.say = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  auto result = RunOutage(servers, options);
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << "# Kafka away under writes\n\nWritten by `"
      << campaign.command << "`.\n\n"
      << "| | |\n|---|---|\n| away | " << campaign.outage << " s |\n| calls meanwhile | "
      << result.calls << " |\n| of those neither answered nor refused | " << result.failed
      << " |\n| events a second | " << result.arrived_per_second
      << " |\n| events that waited when Kafka answered again | " << result.backlog
      << " |\n| drained, with clients that went on | in " << result.drain_seconds << " s, "
      << result.drained_per_second << " events a second, "
      << result.drained_per_second / result.arrived_per_second
      << " times the arrival |\n| the metric of what waits was late by at most | "
      << result.lag_late << " s |\n| findings of the judge and of `crmctl verify` | "
      << result.findings.size() << " |\n| machine | " << Machine() << " |\n";
  std::printf("%s\n%s\n", out.str().c_str(), Describe(result.findings).c_str());
  if (!campaign.report.empty()) WriteChapter(campaign.report, out.str());
  return result.findings.empty() && result.failed == 0 ? 0 : 1;
}

int Main(const std::vector<std::string>& arguments) {
  auto read = Read(arguments);
  if (!read) {
    std::fputs(
        "usage: crm-chaos [--kills N] [--seed S] [--per-point P] [--replicas R] [--report FILE]\n"
        "       crm-chaos --outage SECONDS [--seed S] [--report FILE]\n",
        stderr);
    return 2;
  }
  const Campaign& campaign = *read;
  if (campaign.outage > 0) return RunOutageOf(campaign);
  int64_t count = std::max<int64_t>(1, campaign.kills / kKillsOfARound);
  Servers servers;
  Total total;
  for (int64_t index = 0; index < count; ++index) {
    RoundOptions options = Plan(campaign, index, count);
    RoundResult result = RunRound(servers, options);
    Add(options, result, total);
    options.say(std::to_string(result.calls) + " calls, " + std::to_string(result.events) +
                " events, " + Describe(result.findings) +
                (result.kept.empty() ? "" : "\nkept in " + result.kept));
  }
  if (!campaign.report.empty()) WriteReport(campaign, total);
  std::printf("%lld kills, %zu of %d rounds failed, %.0f s\n",
              static_cast<long long>(total.killed()), total.failures.size(), total.rounds,
              total.seconds);
  for (const auto& failure : total.failures) std::printf("failed: %s\n", failure.c_str());
  return total.failures.empty() ? 0 : 1;
}

}  // namespace
}  // namespace crm::chaos

int main(int argc, char** argv) {
  return crm::chaos::Main({argv + 1, argv + argc});
}
