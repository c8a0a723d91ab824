// What the tests of this folder share: short ways to fill and to read a topic.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "libs/kafka/ack_tracker.h"
#include "libs/kafka/consumer.h"
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

// Reports of a producer, as a relay would keep them.
class Reports {
 public:
  ProducerOptions Options(const std::string& broker) {
    ProducerOptions options;
    options.client = At(broker);
    options.on_delivered = [this](uint64_t token, int32_t, int64_t) {
      std::lock_guard lock(mutex_);
      ++delivered_[token];
      tracker_.Acked(token);
    };
    options.on_failed = [this](uint64_t token, const Status& status) {
      std::lock_guard lock(mutex_);
      failed_.emplace(token, status);
    };
    return options;
  }
  void Add(uint64_t token) {
    std::lock_guard lock(mutex_);
    tracker_.Add(token);
  }
  std::map<uint64_t, int> delivered() const {
    std::lock_guard lock(mutex_);
    return delivered_;
  }
  std::map<uint64_t, Status> failed() const {
    std::lock_guard lock(mutex_);
    return failed_;
  }
  uint64_t prefix() const {
    std::lock_guard lock(mutex_);
    return tracker_.prefix();
  }

 private:
  mutable std::mutex mutex_;
  std::map<uint64_t, int> delivered_;  // GUARDED_BY(mutex_)
  std::map<uint64_t, Status> failed_;  // GUARDED_BY(mutex_)
  AckTracker tracker_{0};              // GUARDED_BY(mutex_)
};

// Sends 1..count and waits for space where the queue is full.
inline void SendAll(Producer& producer, Reports& reports, const std::string& topic,
                    uint64_t count) {
  for (uint64_t token = 1; token <= count; ++token) {
    reports.Add(token);
    Status status = producer.Send(Numbered(topic, token), token);
    while (status.reason() == "KAFKA_QUEUE_FULL") {
      ASSERT_TRUE(producer.WaitForSpace(Soon()));
      status = producer.Send(Numbered(topic, token), token);
    }
    ASSERT_EQ(status, Status());
  }
}

// The numbers 1..count, each once, rising within each key.
inline void ExpectCompleteAndOrdered(const std::vector<ReceivedMessage>& messages, uint64_t count) {
  EXPECT_EQ(messages.size(), count);
  std::map<std::string, uint64_t> last;
  for (const ReceivedMessage& message : messages) {
    const uint64_t number = std::stoull(message.value);
    EXPECT_GT(number, last[message.key]) << message.key;
    last[message.key] = number;
  }
}

// A member of a group that reads `topic`.
inline ConsumerOptions Member(const std::string& broker, const std::string& topic) {
  ConsumerOptions options;
  options.client = At(broker);
  options.group_id = topic + ".group";
  options.topics = {topic};
  return options;
}

inline constexpr std::chrono::milliseconds kShort(50);

// Polls until `count` messages came or patience ends.
inline std::vector<ReceivedMessage> PollUntil(Consumer& consumer, size_t count) {
  std::vector<ReceivedMessage> all;
  for (const Deadline end = Soon(); all.size() < count && std::chrono::steady_clock::now() < end;) {
    auto batch = consumer.Poll(kShort);
    EXPECT_TRUE(batch.ok()) << batch.status().ToString();
    if (!batch.ok()) break;
    std::move(batch->begin(), batch->end(), std::back_inserter(all));
  }
  EXPECT_EQ(all.size(), count);
  return all;
}

inline std::vector<std::string> Values(const std::vector<ReceivedMessage>& messages) {
  std::vector<std::string> values;
  for (const ReceivedMessage& message : messages) values.push_back(message.value);
  return values;
}

}  // namespace crm::kafka
