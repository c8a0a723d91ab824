#include "services/activities/day.h"

#include <unicode/timezone.h>

#include <memory>

namespace crm::activities {

namespace {

using Milliseconds = std::chrono::milliseconds;

// What local time is ahead of UTC; `local`: `milliseconds` are themselves local.
std::optional<Milliseconds> Offset(const icu::TimeZone& zone, Milliseconds time, bool local) {
  int32_t raw = 0;
  int32_t daylight = 0;
  UErrorCode error = U_ZERO_ERROR;
  zone.getOffset(static_cast<UDate>(time.count()), local, raw, daylight, error);
  if (U_FAILURE(error)) return std::nullopt;
  return Milliseconds(raw + daylight);
}

}  // namespace

std::optional<Time> EndOfDay(Time now, const std::string& zone_name) {
  auto id = icu::UnicodeString::fromUTF8(zone_name.empty() ? "UTC" : zone_name);
  std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(id));
  if (zone == nullptr || *zone == icu::TimeZone::getUnknown()) return std::nullopt;
  auto utc = std::chrono::floor<Milliseconds>(now.time_since_epoch());
  auto offset = Offset(*zone, utc, false);
  if (!offset) return std::nullopt;
  Milliseconds midnight =
      std::chrono::floor<std::chrono::days>(utc + *offset) + std::chrono::days(1);
  auto offset_then = Offset(*zone, midnight, true);
  if (!offset_then) return std::nullopt;
  return Time(std::chrono::duration_cast<Duration>(midnight - *offset_then));
}

}  // namespace crm::activities
