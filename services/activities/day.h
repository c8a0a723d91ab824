// Days as people count them.
#pragma once

#include <optional>
#include <string>

#include "libs/base/clock.h"

namespace crm::activities {

// The first moment of the next day in an IANA zone ("Asia/Jerusalem"; empty: UTC); nullopt for a
// zone that is not known. Right on the days on which clocks are changed.
std::optional<Time> EndOfDay(Time now, const std::string& zone);

}  // namespace crm::activities
