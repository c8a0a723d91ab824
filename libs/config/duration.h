// Durations as an operator writes them: "500ms", "10s", "5m", "168h". Private to libs/config.
#pragma once

#include <google/protobuf/duration.pb.h>

#include <optional>
#include <string>

#include "libs/base/clock.h"

namespace crm::config {

// A whole number with a unit (ms, s, m, h), not negative, at most a year.
std::optional<Duration> ParseDuration(const std::string& text);
// In the largest unit that leaves no fraction.
std::string FormatDuration(Duration duration);
google::protobuf::Duration ToProto(Duration duration);

}  // namespace crm::config
