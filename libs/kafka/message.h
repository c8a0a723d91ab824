// The units that travel: what is sent, what is received, and where it lies.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/clock.h"

namespace crm::kafka {

// In order; a name can occur twice.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Message {
  std::string topic{};
  // Decides the partition (murmur2, as the Java client does). Empty: none, any partition.
  std::string key{};
  std::string value{};
  Headers headers{};
  // Kept to the millisecond. Absent: the moment of sending.
  std::optional<Time> timestamp{};
};

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

struct ReceivedMessage {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  std::string key;
  std::string value;
  Headers headers;
  Time timestamp;

  // The first value under `name`, or nullptr.
  const std::string* Header(std::string_view name) const;
};

// One partition's offsets: the first that can be read, and the one the next message will get.
struct OffsetRange {
  int32_t partition = 0;
  int64_t begin = 0;
  int64_t end = 0;
  bool operator==(const OffsetRange&) const = default;
};

}  // namespace crm::kafka
