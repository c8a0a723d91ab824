#include "tests/chaos/peace.h"

#include <utility>

#include "libs/testing/eventually.h"
#include "tests/chaos/collect.h"

namespace crm::chaos {

namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

// Collect again, while something may still move.
constexpr milliseconds kLook(500);
constexpr milliseconds kLongestPeace = std::chrono::minutes(10);

}  // namespace

Verdict AwaitPeace(Installation& installation, const std::vector<std::string>& incidents,
                   milliseconds patience) {
  Verdict verdict;
  Collector collector(installation);
  auto look = [&] {
    try {
      Evidence evidence = collector.Collect();
      evidence.incidents = incidents;
      verdict.findings = Check(evidence);
      verdict.events = 0;
      for (const auto& [name, service] : evidence.services) verdict.events += service.log.size();
    } catch (const std::exception& error) {
      verdict.findings = {{"process", error.what()}};
    }
  };
  const auto begin = Steady::now();
  auto moved = begin;
  size_t progress = 0;
  auto settled = [&] {
    look();
    auto now = Steady::now();
    if (std::exchange(progress, collector.progress()) != progress) moved = now;
    return verdict.findings.empty() || now - moved > patience || now - begin > kLongestPeace;
  };
  auto ended = [&] { return !installation.process().running(); };
  while (!settled() && !test::Eventually(ended, kLook)) {
  }
  if (verdict.findings.empty()) return verdict;
  collector.Write(installation.Keep() / "evidence.txt");
  verdict.kept = installation.Keep();
  return verdict;
}

}  // namespace crm::chaos
