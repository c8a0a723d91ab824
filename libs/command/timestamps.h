// google.protobuf.Timestamp values and our Time; for fields known only by descriptor see
// record_type.h.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>

#include "libs/base/clock.h"

namespace crm {

// The range of google.protobuf.Timestamp: from 0001-01-01 to the end of 9999.
inline constexpr int64_t kFirstSecond = -62135596800;
inline constexpr int64_t kLastSecond = 253402300799;

// What a message may hold, but a time may not be, becomes the nearest that may.
inline Time ToTime(const google::protobuf::Timestamp& timestamp) {
  std::chrono::seconds seconds(std::clamp(timestamp.seconds(), kFirstSecond, kLastSecond));
  return Time(seconds + Duration(std::clamp(timestamp.nanos(), 0, 999'999'999) / 1000));
}

inline google::protobuf::Timestamp ToTimestamp(Time time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<int>((time - seconds).count() * 1000));
  return timestamp;
}

}  // namespace crm
