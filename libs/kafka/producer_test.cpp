#include "libs/kafka/producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "libs/kafka/admin.h"
#include "libs/kafka/test_clients.h"
#include "libs/testing/clock.h"
#include "libs/testing/kafka_broker.h"

namespace crm::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Producer, KeepsEachKeysOrderAndTheHeadersAndTheTime) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events");
  Reports reports;
  auto producer = Must(Producer::Create(reports.Options(broker.address())));
  Message message = Numbered(topic, 1, 1);
  message.headers = {{"ce_type", "crm.lead.created"}, {"empty", ""}, {"bytes", {"\0\xff", 2}}};
  message.timestamp = test::kMonday + std::chrono::milliseconds(7);
  ASSERT_EQ(producer->Send(message, 1), Status());
  ASSERT_EQ(producer->Send(Numbered(topic, 2, 1), 2), Status());
  ASSERT_TRUE(producer->Flush(Soon()));

  const auto all = ReadAll(broker.address(), topic);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].key, "tenant/leads/0");
  EXPECT_EQ(all[0].value, "1");
  EXPECT_EQ(all[0].timestamp, *message.timestamp);
  EXPECT_EQ(all[0].headers, message.headers);
  EXPECT_EQ(*all[0].Header("ce_type"), "crm.lead.created");
  EXPECT_EQ(all[0].Header("absent"), nullptr);
  EXPECT_EQ(all[1].value, "2");
  EXPECT_THAT(all[1].headers, IsEmpty());
  EXPECT_EQ(all[1].partition, all[0].partition);
  EXPECT_EQ(all[1].offset, all[0].offset + 1);
}

TEST(Producer, ReportsTenThousandMessagesOnceEachAndThePrefixReachesTheLast) {
  constexpr uint64_t kCount = 10'000;
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events");
  Reports reports;
  ProducerOptions options = reports.Options(broker.address());
  options.max_queued_messages = 500;
  auto producer = Must(Producer::Create(options));
  SendAll(*producer, reports, topic, kCount);
  ASSERT_TRUE(producer->Flush(Soon()));
  EXPECT_EQ(producer->queued(), 0u);
  EXPECT_EQ(reports.prefix(), kCount);
  EXPECT_EQ(reports.delivered().size(), kCount);
  EXPECT_THAT(reports.failed(), IsEmpty());
  ExpectCompleteAndOrdered(ReadAll(broker.address(), topic), kCount);
}

TEST(Producer, ChoosesThePartitionThatAJavaClientWould) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events");
  std::map<uint64_t, int32_t> partitions;
  ProducerOptions options;
  options.client.brokers = broker.address();
  options.on_delivered = [&](uint64_t token, int32_t partition, int64_t) {
    partitions[token] = partition;
  };
  auto producer = Must(Producer::Create(options));
  // Made with org.apache.kafka.common.utils.Utils: toPositive(murmur2(key)) % 8.
  ASSERT_EQ(producer->Send({.topic = topic, .key = "leads/1", .value = "x"}, 1), Status());
  ASSERT_EQ(producer->Send({.topic = topic, .key = "contacts/42", .value = "x"}, 2), Status());
  ASSERT_EQ(producer->Send({.topic = topic, .key = "מפתח", .value = "x"}, 3), Status());
  ASSERT_TRUE(producer->Flush(Soon()));
  EXPECT_THAT(partitions, ElementsAre(Pair(1, 7), Pair(2, 6), Pair(3, 7)));
}

TEST(Producer, RefusesAMessageThatIsTooLargeAndGoesOn) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events");
  Reports reports;
  ProducerOptions options = reports.Options(broker.address());
  options.max_message_bytes = 2'000;
  auto producer = Must(Producer::Create(options));
  const Status refused =
      producer->Send({.topic = topic, .key = "k", .value = std::string(3'000, 'x')}, 1);
  EXPECT_EQ(refused.code(), Code::kInvalidArgument);
  EXPECT_EQ(refused.reason(), "KAFKA_MESSAGE_TOO_LARGE");
  EXPECT_EQ(producer->queued(), 0u);
  ASSERT_EQ(producer->Send({.topic = topic, .key = "k", .value = "small"}, 2), Status());
  ASSERT_TRUE(producer->Flush(Soon()));
  EXPECT_THAT(reports.delivered(), ElementsAre(Pair(2, 1)));
  EXPECT_EQ(producer->Health(), Status());
}

TEST(Producer, IsFullAtItsBoundsAndWaitsForSpaceUntilTheDeadline) {
  // Nobody listens at port 1, so nothing leaves the queue.
  Reports reports;
  ProducerOptions options = reports.Options("127.0.0.1:1");
  options.max_queued_messages = 3;
  options.max_queued_bytes = 100;
  auto producer = Must(Producer::Create(options));
  for (uint64_t token = 1; token <= 3; ++token) {
    ASSERT_EQ(producer->Send(Numbered("topic", token), token), Status());
  }
  const Status full = producer->Send(Numbered("topic", 4), 4);
  EXPECT_EQ(full.code(), Code::kResourceExhausted);
  EXPECT_EQ(full.reason(), "KAFKA_QUEUE_FULL");
  EXPECT_FALSE(producer->WaitForSpace(In(std::chrono::milliseconds(20))));
  EXPECT_FALSE(producer->Flush(In(std::chrono::milliseconds(20))));
  EXPECT_EQ(producer->queued(), 3u);

  producer->Purge();
  EXPECT_TRUE(producer->WaitForSpace(Soon()));
  EXPECT_TRUE(producer->Flush(Soon()));
  ASSERT_EQ(reports.failed().size(), 3u);
  EXPECT_EQ(reports.failed().at(1).code(), Code::kCancelled);
  EXPECT_EQ(reports.failed().at(1).reason(), "KAFKA_PURGED");

  // One message may exceed the bound of bytes, or it could never be sent.
  ASSERT_EQ(producer->Send({.topic = "topic", .value = std::string(150, 'x')}, 5), Status());
  EXPECT_EQ(producer->Send(Numbered("topic", 6), 6).reason(), "KAFKA_QUEUE_FULL");
}

TEST(Producer, RefusesOptionsThatWouldWeakenItsPromises) {
  ProducerOptions options;
  options.client.brokers = "127.0.0.1:1";
  options.client.security = {{"acks", "0"}, {"security.protocol", "PLAINTEXT"}};
  const auto producer = Producer::Create(options);
  ASSERT_FALSE(producer.ok());
  EXPECT_EQ(producer.status().reason(), "KAFKA_BAD_OPTION");
  EXPECT_THAT(producer.status().field_violations(),
              ElementsAre(FieldViolation{"security.acks",
                                         "is not a security option of this "
                                         "client"}));
  options.client.security = {{"security.protocol", "carrier pigeon"}};
  EXPECT_EQ(Producer::Create(options).status().metadata().at("option"), "security.protocol");
}

TEST(Producer, AfterAMessageThatCannotBeDeliveredNothingIsDelivered) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 1);
  Reports reports;
  auto producer = Must(Producer::Create(reports.Options(broker.address())));
  SendAll(*producer, reports, topic, 10);
  ASSERT_TRUE(producer->Flush(Soon()));

  // The broker refuses what the client's bound lets pass.
  const auto admin = Must(Admin::Create(At(broker.address())));
  TopicSpec small{.name = broker.prefix() + "small", .partitions = 1};
  small.config["max.message.bytes"] = "1000";
  ASSERT_EQ(admin->CreateTopics({small}, Soon()), Status());
  ASSERT_EQ(producer->Send({.topic = small.name, .key = "k", .value = std::string(5'000, 'x')}, 11),
            Status());
  ASSERT_TRUE(test::Eventually([&] { return !producer->Health().ok(); }));
  EXPECT_EQ(reports.failed().at(11).reason(), "KAFKA_MESSAGE_TOO_LARGE");
  EXPECT_EQ(producer->Health().reason(), "KAFKA_PRODUCER_FATAL");
  EXPECT_EQ(producer->Send(Numbered(topic, 12), 12).reason(), "KAFKA_PRODUCER_FATAL");
  EXPECT_EQ(producer->queued(), 0u);
  EXPECT_EQ(ReadAll(broker.address(), topic).size(), 10u);
}

}  // namespace
}  // namespace crm::kafka
