// What the tests of this folder share: short ways to fill and to read a topic.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/kafka/producer.h"
#include "libs/kafka/topic_reader.h"
#include "libs/testing/eventually.h"

namespace crm::kafka {

inline Deadline In(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
inline Deadline Soon() {
  return In(test::kPatience);
}

template <class T>
std::unique_ptr<T> Must(Result<std::unique_ptr<T>> made) {
  if (!made.ok()) throw std::runtime_error(made.status().ToString());
  return std::move(*made);
}

inline ClientOptions At(const std::string& broker) {
  ClientOptions options;
  options.brokers = broker;
  return options;
}

// Its value is the number, its key one of `keys`.
inline Message Numbered(const std::string& topic, uint64_t number, int keys = 7) {
  Message message;
  message.topic = topic;
  message.key = "tenant/leads/" + std::to_string(number % keys);
  message.value = std::to_string(number);
  return message;
}

// Returns when all are in their topics.
inline void Deliver(const std::string& broker, const std::vector<Message>& messages) {
  std::atomic<size_t> delivered = 0;
  ProducerOptions options;
  options.client = At(broker);
  options.on_delivered = [&](uint64_t, int32_t, int64_t) { ++delivered; };
  const auto producer = Must(Producer::Create(options));
  for (const Message& message : messages) ASSERT_EQ(producer->Send(message, 0), Status());
  ASSERT_TRUE(producer->Flush(Soon()));
  ASSERT_EQ(delivered, messages.size());
}

// The numbers `first`..`last`.
inline void DeliverNumbers(const std::string& broker, const std::string& topic, uint64_t first,
                           uint64_t last) {
  std::vector<Message> messages;
  for (uint64_t number = first; number <= last; ++number) {
    messages.push_back(Numbered(topic, number));
  }
  Deliver(broker, messages);
}

inline std::vector<ReceivedMessage> ReadToEnd(TopicReader& reader) {
  std::vector<ReceivedMessage> all;
  while (!reader.done()) {
    auto batch = reader.Next(test::kPatience);
    EXPECT_TRUE(batch.ok()) << batch.status().ToString();
    if (!batch.ok() || (batch->empty() && !reader.done())) break;
    std::move(batch->begin(), batch->end(), std::back_inserter(all));
  }
  return all;
}

inline std::vector<ReceivedMessage> ReadAll(const std::string& broker, const std::string& topic) {
  TopicReaderOptions options;
  options.client = At(broker);
  options.topic = topic;
  return ReadToEnd(*Must(TopicReader::Open(options, Soon())));
}

}  // namespace crm::kafka
