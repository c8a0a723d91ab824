#include "tools/crmctl/run_label.h"

#include <algorithm>

#include "libs/base/uuid.h"

namespace crm::ctl {

std::string NewRunLabel(const std::string& kind) {
  SystemClock clock;
  auto now = std::chrono::floor<std::chrono::seconds>(clock.Now());
  std::string time = FormatTime(now);
  std::erase_if(time, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
  // The last characters of a version 7 id are random.
  std::string id = MakeRandomIds(clock)->Next().ToString();
  return kind + "-" + time + "-" + id.substr(id.size() - 6);
}

}  // namespace crm::ctl
