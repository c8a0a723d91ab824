// What tests of the relay read back from Kafka. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "crm/kernel/v1/log.pb.h"
#include "libs/events/cloud_event.h"
#include "libs/kafka/topic_reader.h"

namespace crm::events {

// All rows in the topic as it is now, each partition in its order.
inline std::vector<kernel::v1::LogRow> ReadTopic(const std::string& brokers,
                                                 const std::string& topic) {
  kafka::TopicReaderOptions options;
  options.client.brokers = brokers;
  options.topic = topic;
  auto reader = kafka::TopicReader::Open(
      options, std::chrono::steady_clock::now() + std::chrono::seconds(20));
  std::vector<kernel::v1::LogRow> rows;
  if (!reader.ok()) return rows;
  while (!(*reader)->done()) {
    auto messages = (*reader)->Next(std::chrono::seconds(20));
    if (!messages.ok()) break;
    for (const auto& message : *messages) {
      auto row = FromCloudEvent(message);
      EXPECT_TRUE(row.ok()) << row.status().ToString();
      if (row.ok()) rows.push_back(*row);
    }
  }
  return rows;
}

// How many rows a reader that drops repeats gets; fails the test where a subject's versions are not
// 1, 2, ... to it.
inline int64_t CountWithoutGaps(const std::vector<kernel::v1::LogRow>& rows) {
  std::map<std::string, int64_t> versions;
  int64_t seen = 0;
  for (const auto& row : rows) {
    int64_t& last = versions[row.subject()];
    if (row.version() <= last) continue;
    EXPECT_EQ(row.version(), last + 1) << "a version of " << row.subject() << " was skipped";
    last = row.version();
    ++seen;
  }
  return seen;
}

}  // namespace crm::events
