#include "libs/config/duration.h"

#include <charconv>

#include "libs/config/config.h"

namespace crm::config {

namespace {

using std::chrono::hours;

struct Unit {
  std::string_view name;
  Duration length;
};

constexpr Unit kUnits[] = {{"h", hours(1)},
                           {"m", std::chrono::minutes(1)},
                           {"s", std::chrono::seconds(1)},
                           {"ms", std::chrono::milliseconds(1)}};
constexpr Duration kLongest = hours(24 * 366);

}  // namespace

std::optional<Duration> ParseDuration(const std::string& text) {
  int64_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0) return std::nullopt;
  std::string_view name(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (count > kLongest / unit.length) return std::nullopt;
    return count * unit.length;
  }
  return std::nullopt;
}

std::string FormatDuration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  for (const Unit& unit : kUnits) {
    if (duration % unit.length == Duration::zero()) {
      return std::to_string(duration / unit.length).append(unit.name);
    }
  }
  return std::to_string(duration / std::chrono::milliseconds(1)) + "ms";
}

google::protobuf::Duration ToProto(Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(duration / std::chrono::seconds(1));
  proto.set_nanos(static_cast<int32_t>(duration % std::chrono::seconds(1) / Duration(1)) * 1000);
  return proto;
}

Duration ToDuration(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + Duration(duration.nanos() / 1000);
}

}  // namespace crm::config
