#include "libs/base/clock.h"

#include <cctype>
#include <cstdio>

namespace crm {

namespace {

// Reads exactly `digits` decimal digits at `position` and moves behind them.
std::optional<int> Digits(std::string_view text, size_t& position, size_t digits) {
  if (position + digits > text.size()) return std::nullopt;
  int value = 0;
  for (size_t end = position + digits; position < end; ++position) {
    if (!std::isdigit(static_cast<unsigned char>(text[position]))) return std::nullopt;
    value = value * 10 + (text[position] - '0');
  }
  return value;
}

bool Accept(std::string_view text, size_t& position, std::string_view any_of) {
  if (position >= text.size() || any_of.find(text[position]) == std::string_view::npos) {
    return false;
  }
  ++position;
  return true;
}

}  // namespace

Time SystemClock::Now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::string FormatTime(Time time) {
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date(day);
  auto micros = (time - day).count();
  auto seconds = micros / 1'000'000;
  auto fraction = static_cast<long>(micros % 1'000'000);
  char text[48];
  int length = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d",
                             static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                             static_cast<unsigned>(date.day()), static_cast<int>(seconds / 3600),
                             static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  std::string result(text, static_cast<size_t>(length));
  if (fraction != 0) {
    bool millis = fraction % 1000 == 0;
    length = millis ? std::snprintf(text, sizeof text, ".%03ld", fraction / 1000)
                    : std::snprintf(text, sizeof text, ".%06ld", fraction);
    result.append(text, static_cast<size_t>(length));
  }
  return result + "Z";
}

std::optional<Time> ParseTime(std::string_view text) {
  size_t at = 0;
  auto year = Digits(text, at, 4);
  if (!year || !Accept(text, at, "-")) return std::nullopt;
  auto month = Digits(text, at, 2);
  if (!month || !Accept(text, at, "-")) return std::nullopt;
  auto day = Digits(text, at, 2);
  if (!day || !Accept(text, at, "Tt ")) return std::nullopt;
  auto hour = Digits(text, at, 2);
  if (!hour || *hour > 23 || !Accept(text, at, ":")) return std::nullopt;
  auto minute = Digits(text, at, 2);
  if (!minute || *minute > 59 || !Accept(text, at, ":")) return std::nullopt;
  auto second = Digits(text, at, 2);
  if (!second || *second > 59) return std::nullopt;
  int64_t micros = 0;
  if (Accept(text, at, ".")) {
    size_t start = at;
    int64_t unit = 100'000;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) {
      micros += (text[at++] - '0') * unit;
      unit /= 10;
    }
    if (at == start) return std::nullopt;
  }
  int offset_minutes = 0;
  if (!Accept(text, at, "Zz")) {
    if (at >= text.size()) return std::nullopt;
    int sign = text[at] == '-' ? -1 : 1;
    if (!Accept(text, at, "+-")) return std::nullopt;
    auto offset_hour = Digits(text, at, 2);
    if (!offset_hour || *offset_hour > 23 || !Accept(text, at, ":")) return std::nullopt;
    auto offset_minute = Digits(text, at, 2);
    if (!offset_minute || *offset_minute > 59) return std::nullopt;
    offset_minutes = sign * (*offset_hour * 60 + *offset_minute);
  }
  if (at != text.size()) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(*year),
                                   std::chrono::month(static_cast<unsigned>(*month)),
                                   std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute - offset_minutes) + std::chrono::seconds(*second) +
         Duration(micros);
}

}  // namespace crm
