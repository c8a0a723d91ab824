#include "tests/chaos/checker.h"

#include <functional>
#include <utility>

namespace crm::chaos {

std::vector<std::string> CheckProcess(const Evidence& evidence) {
  return evidence.incidents;
}

std::vector<Finding> Check(const Evidence& evidence) {
  using Function = std::vector<std::string> (*)(const Evidence&);
  static constexpr std::pair<const char*, Function> kChecks[] = {
      {"answers", CheckAnswers},   {"history", CheckHistory}, {"log", CheckLog},
      {"versions", CheckVersions}, {"tables", CheckTables},   {"topic", CheckTopic},
      {"inbox", CheckInbox},       {"once", CheckOnce},       {"timers", CheckTimers},
      {"effects", CheckEffects},   {"tenants", CheckTenants}, {"process", CheckProcess}};
  std::vector<Finding> findings;
  for (const auto& [name, check] : kChecks) {
    auto texts = check(evidence);
    size_t more = texts.size() > kMostOfACheck ? texts.size() - kMostOfACheck : 0;
    texts.resize(texts.size() - more);
    for (auto& text : texts) findings.push_back({name, std::move(text)});
    if (more > 0) findings.push_back({name, "and " + std::to_string(more) + " more"});
  }
  return findings;
}

std::string Describe(const std::vector<Finding>& findings) {
  std::string text = std::to_string(findings.size()) + " findings";
  for (const auto& finding : findings) text += "\n  " + finding.check + ": " + finding.text;
  return text;
}

}  // namespace crm::chaos
