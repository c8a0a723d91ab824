// google.protobuf.Timestamp values and our Time; for fields known only by descriptor see
// record_type.h.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "libs/base/clock.h"

namespace crm {

inline Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return Time(std::chrono::seconds(timestamp.seconds()) + Duration(timestamp.nanos() / 1000));
}

inline google::protobuf::Timestamp ToTimestamp(Time time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<int>((time - seconds).count() * 1000));
  return timestamp;
}

}  // namespace crm
