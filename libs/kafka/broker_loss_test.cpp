// What happens while the broker is killed, stands still, or is cut off from us.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "libs/kafka/test_clients.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/kafka_process.h"
#include "libs/testing/tcp_gate.h"

namespace crm::kafka {
namespace {

using ::testing::IsEmpty;

// One broker behind one gate for all tests of this file; each leaves both as it found them.
class BrokerLoss : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<test::KafkaProcess>();
    gate_ = std::make_unique<test::TcpGate>(server_->address());
    server_->Advertise(gate_->address());
    server_->Start();
  }
  static void TearDownTestSuite() {
    gate_.reset();
    server_.reset();
  }

  static std::unique_ptr<test::KafkaProcess> server_;
  static std::unique_ptr<test::TcpGate> gate_;

  test::KafkaBroker broker_{gate_->address()};
  const std::string topic_ = broker_.MakeTopic("events");
  Reports reports_;
};

std::unique_ptr<test::KafkaProcess> BrokerLoss::server_;
std::unique_ptr<test::TcpGate> BrokerLoss::gate_;

TEST_F(BrokerLoss, ProducerLosesNothingAndKeepsTheOrderWhenTheBrokerIsKilled) {
  constexpr uint64_t kCount = 5'000;
  ProducerOptions options = reports_.Options(broker_.address());
  options.max_queued_messages = 1'000;
  const auto producer = Must(Producer::Create(options));
  std::thread sender([&] { SendAll(*producer, reports_, topic_, kCount); });
  EXPECT_TRUE(test::Eventually([&] { return reports_.prefix() > 1'000; }));
  server_->Kill();
  // The queue fills up and waits.
  EXPECT_TRUE(test::Eventually([&] { return producer->queued() == 1'000; }));
  EXPECT_EQ(producer->Health(), Status());
  server_->Start();
  sender.join();
  ASSERT_TRUE(producer->Flush(Soon()));
  EXPECT_THAT(reports_.failed(), IsEmpty());
  EXPECT_EQ(reports_.prefix(), kCount);
  ExpectCompleteAndOrdered(ReadAll(broker_.address(), topic_), kCount);
}

TEST_F(BrokerLoss, ProducerDoublesNothingWhenTheAnswersAreLost) {
  constexpr uint64_t kCount = 200;
  const auto producer = Must(Producer::Create(reports_.Options(broker_.address())));
  SendAll(*producer, reports_, topic_, 10);
  ASSERT_TRUE(producer->Flush(Soon()));
  gate_->HoldAnswers();
  const size_t before = gate_->bytes_up();
  for (uint64_t token = 11; token <= kCount; ++token) {
    reports_.Add(token);
    ASSERT_EQ(producer->Send(Numbered(topic_, token), token), Status());
  }
  // Some reach the broker, which the producer cannot know: it has to send them again.
  EXPECT_TRUE(test::Eventually([&] { return gate_->bytes_up() > before; }));
  EXPECT_EQ(reports_.prefix(), 10u);
  gate_->Reset();
  gate_->Open();
  ASSERT_TRUE(producer->Flush(Soon()));
  EXPECT_EQ(reports_.prefix(), kCount);
  EXPECT_THAT(reports_.failed(), IsEmpty());
  ExpectCompleteAndOrdered(ReadAll(broker_.address(), topic_), kCount);
}

TEST_F(BrokerLoss, ProducerIsThrownAwayQuicklyWithMessagesOnTheWire) {
  auto producer = Must(Producer::Create(reports_.Options(broker_.address())));
  SendAll(*producer, reports_, topic_, 10);
  ASSERT_TRUE(producer->Flush(Soon()));
  server_->Pause();
  for (uint64_t token = 11; token <= 1'000; ++token) {
    ASSERT_EQ(producer->Send(Numbered(topic_, token), token), Status());
  }
  const auto start = std::chrono::steady_clock::now();
  producer.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  EXPECT_EQ(reports_.delivered().size(), 10u);
  EXPECT_THAT(reports_.failed(), IsEmpty());

  // Sent again from the first that was not acknowledged: nothing is missing, some may be there
  // twice.
  server_->Continue();
  producer = Must(Producer::Create(reports_.Options(broker_.address())));
  for (uint64_t token = 11; token <= 1'000; ++token) {
    reports_.Add(token);
    ASSERT_EQ(producer->Send(Numbered(topic_, token), token), Status());
  }
  ASSERT_TRUE(producer->Flush(Soon()));
  EXPECT_EQ(reports_.prefix(), 1'000u);
  std::set<std::string> seen;
  for (const ReceivedMessage& message : ReadAll(broker_.address(), topic_)) {
    seen.insert(message.value);
  }
  EXPECT_EQ(seen.size(), 1'000u);
}

TEST_F(BrokerLoss, ConsumerGoesOnWhenTheBrokerIsKilledAndComesBack) {
  DeliverNumbers(broker_.address(), topic_, 1, 100);
  const auto consumer = Must(Consumer::Create(Member(broker_.address(), topic_)));
  PollUntil(*consumer, 100);
  server_->Kill();
  const auto nothing = consumer->Poll(kShort);
  ASSERT_TRUE(nothing.ok()) << nothing.status().ToString();
  EXPECT_THAT(*nothing, IsEmpty());
  server_->Start();
  DeliverNumbers(broker_.address(), topic_, 101, 200);
  std::set<std::string> seen;
  for (const Deadline end = Soon(); seen.size() < 100 && std::chrono::steady_clock::now() < end;) {
    const auto batch = consumer->Poll(kShort);
    ASSERT_TRUE(batch.ok()) << batch.status().ToString();
    for (const ReceivedMessage& message : *batch) {
      if (std::stoi(message.value) > 100) seen.insert(message.value);
    }
  }
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(consumer->Close(Soon()), Status());
}

TEST_F(BrokerLoss, ConsumerClosesInTimeWhenTheBrokerStandsStill) {
  DeliverNumbers(broker_.address(), topic_, 1, 100);
  const auto consumer = Must(Consumer::Create(Member(broker_.address(), topic_)));
  PollUntil(*consumer, 100);
  gate_->Freeze();
  ASSERT_FALSE(consumer->Progress().empty());
  ASSERT_EQ(consumer->StoreOffset(consumer->Progress()[0].partition, 1), Status());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(consumer->Close(In(std::chrono::milliseconds(300))).reason(), "KAFKA_CLOSE_TIMEOUT");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  gate_->Open();
}

}  // namespace
}  // namespace crm::kafka
