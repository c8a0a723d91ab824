#include "libs/base/crash_point.h"

#ifdef CRM_CRASH_POINTS

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace crm {

namespace {

struct Target {
  std::string name;
  long nth = 1;
};

Target ReadTarget() {
  const char* text = std::getenv("CRM_CRASH_AT");
  if (text == nullptr) return {};
  std::string name = text;
  size_t colon = name.rfind(':');
  if (colon == std::string::npos) return {name, 1};
  return {name.substr(0, colon), std::strtol(name.c_str() + colon + 1, nullptr, 10)};
}

}  // namespace

void CrashPoint(std::string_view name) {
  static const Target target = ReadTarget();
  static std::atomic<long> hits = 0;
  if (target.name.empty() || name != target.name) return;
  if (++hits == target.nth) kill(getpid(), SIGKILL);
}

}  // namespace crm

#endif
