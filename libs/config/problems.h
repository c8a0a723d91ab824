// What is wrong with a configuration, collected so that an operator sees all of it at once. Private
// to libs/config.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"

namespace crm::config {

class Problems {
 public:
  // `origin` is a place: "crm.yaml:3", "CRM_LOG__LEVEL", "--set log.level".
  void Add(const std::string& origin, const std::string& path, const std::string& text) {
    found_.push_back({path, origin + ": " + path + " " + text});
  }
  bool empty() const { return found_.empty(); }

  // CONFIG_INVALID with one line and one field violation each; OK where there are none.
  Status ToStatus() const {
    if (found_.empty()) return Status();
    std::string lines;
    for (const auto& problem : found_) lines += (lines.empty() ? "" : "\n") + problem.description;
    Status status = InvalidArgument("CONFIG_INVALID", lines);
    for (const auto& problem : found_) status.Violates(problem.field, problem.description);
    return status;
  }

 private:
  std::vector<FieldViolation> found_;
};

}  // namespace crm::config
