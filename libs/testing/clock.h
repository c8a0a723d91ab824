// The clock of tests.
#pragma once

#include "libs/base/clock.h"

namespace crm::test {

using crm::ManualClock;

// Monday 2026-01-05 09:00 UTC: a working hour, far from the ends of a day, a month and daylight
// saving.
inline constexpr Time kMonday =
    std::chrono::sys_days{std::chrono::year{2026} / 1 / 5} + std::chrono::hours{9};

}  // namespace crm::test
