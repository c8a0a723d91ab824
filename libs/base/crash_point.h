// Named places at which a test lets the process die, as by a power cut: nothing is flushed, no
// destructor runs.
//
//   CrashPoint("relay.before_cursor_moves");
//
// Where the build has CRM_CRASH_POINTS (preset dev), the environment variable
// CRM_CRASH_AT="relay.before_cursor_moves:3" sends SIGKILL to the process when that point is
// reached for the third time; ":1" may be left out. In a release build the call compiles to
// nothing. Thread-safe.
#pragma once

#include <string_view>

namespace crm {

#ifdef CRM_CRASH_POINTS
void CrashPoint(std::string_view name);
#else
inline void CrashPoint(std::string_view) {}
#endif

}  // namespace crm
