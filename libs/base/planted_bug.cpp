#include "libs/base/planted_bug.h"

#ifdef CRM_CRASH_POINTS

#include <atomic>
#include <cstdlib>
#include <string>

namespace crm {

namespace {

std::string FromEnvironment() {
  const char* text = std::getenv("CRM_PLANT");
  return text == nullptr ? "" : text;
}

}  // namespace

bool PlantedBug(std::string_view name) {
  static const std::string planted = FromEnvironment();
  return !planted.empty() && name == planted;
}

bool PlantedBugNow(std::string_view name) {
  constexpr long kEvery = 7;
  static std::atomic<long> reached = 0;
  return PlantedBug(name) && ++reached % kEvery == 0;
}

}  // namespace crm

#endif
