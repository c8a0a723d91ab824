// crm-chaos: the campaign of the fault bench; `tools/dev chaos` runs it. Prints progress, and the
// failing seed last.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/chaos/campaign.h"

namespace {

using crm::chaos::RoundOptions;

int64_t NumberAfter(int argc, char** argv, const std::string& flag, int64_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == flag) return std::atoll(argv[i + 1]);
  }
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  RoundOptions options;
  options.seed = static_cast<uint64_t>(NumberAfter(argc, argv, "--seed", 1));
  options.kills = static_cast<int>(NumberAfter(argc, argv, "--kills", 12));
  options.per_point = static_cast<int>(NumberAfter(argc, argv, "--per-point", 1));
  auto begin = std::chrono::steady_clock::now();
  options.say = [begin](const std::string& line) {
    std::chrono::duration<double> at = std::chrono::steady_clock::now() - begin;
    std::printf("%6.1f s  %s\n", at.count(), line.c_str());
    std::fflush(stdout);
  };
  if (const char* plant = std::getenv("CRM_PLANT")) {
    options.plant = plant;
    options.patience = std::chrono::seconds(8);
  }
  crm::chaos::Servers servers;
  auto result = crm::chaos::RunRound(servers, options);
  std::printf("%d calls, %zu events, %d kills, %.1f s\n%s\n", result.calls, result.events,
              result.total_kills(), result.seconds, crm::chaos::Describe(result.findings).c_str());
  return result.findings.empty() ? 0 : 1;
}
