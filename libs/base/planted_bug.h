// Bugs planted on purpose, so that a test can show that the fault bench finds them.
//
//   if (!PlantedBug("skip_log_row")) log_.push_back(std::move(row));
//
// Where the build has CRM_CRASH_POINTS (preset dev), the environment variable
// CRM_PLANT=skip_log_row turns that one on for the whole process. In a release build the call is
// false at compile time. Thread-safe.
#pragma once

#include <string_view>

namespace crm {

#ifdef CRM_CRASH_POINTS
bool PlantedBug(std::string_view name);
// The same, but only every seventh time that an asked-for bug is reached: what is wrong always is
// found by any test.
bool PlantedBugNow(std::string_view name);
#else
constexpr bool PlantedBug(std::string_view) {
  return false;
}
constexpr bool PlantedBugNow(std::string_view) {
  return false;
}
#endif

}  // namespace crm
