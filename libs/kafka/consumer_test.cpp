#include "libs/kafka/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "libs/kafka/admin.h"
#include "libs/kafka/test_clients.h"
#include "libs/testing/kafka_broker.h"

namespace crm::kafka {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Consumer, StartsANewGroupAtTheBeginningAndReturnsWhatWasSent) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 1);
  Message message = Numbered(topic, 1);
  message.headers = {{"ce_type", "crm.lead.created"}, {"ce_type", "again"}};
  Deliver(broker.address(), {message, Numbered(topic, 2)});
  const auto consumer = Must(Consumer::Create(Member(broker.address(), topic)));
  const auto received = PollUntil(*consumer, 2);
  ASSERT_THAT(received, SizeIs(2));
  EXPECT_EQ(received[0].topic, topic);
  EXPECT_EQ(received[0].partition, 0);
  EXPECT_EQ(received[0].offset, 0);
  EXPECT_EQ(received[0].key, message.key);
  EXPECT_EQ(received[0].headers, message.headers);
  EXPECT_THAT(Values(received), ElementsAre("1", "2"));
  EXPECT_EQ(consumer->Close(Soon()), Status());
}

TEST(Consumer, ResumesWhereItsOwnerSaidItWasDoneAndNotWhereItRead) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 1);
  DeliverNumbers(broker.address(), topic, 1, 100);
  {
    const auto consumer = Must(Consumer::Create(Member(broker.address(), topic)));
    PollUntil(*consumer, 100);
    EXPECT_EQ(consumer->Close(Soon()), Status());
  }
  {
    const auto consumer = Must(Consumer::Create(Member(broker.address(), topic)));
    EXPECT_EQ(PollUntil(*consumer, 100).front().offset, 0) << "nothing was done";
    ASSERT_EQ(consumer->StoreOffset({topic, 0}, 60), Status());
    ASSERT_EQ(consumer->StoreOffset({topic, 0}, 40), Status()) << "a lower one is ignored";
    EXPECT_EQ(consumer->Close(Soon()), Status());
  }
  const auto consumer = Must(Consumer::Create(Member(broker.address(), topic)));
  EXPECT_EQ(PollUntil(*consumer, 40).front().offset, 60);
}

TEST(Consumer, CommitsWhatItsOwnerFinishesWhileThePartitionIsRevoked) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 1);
  DeliverNumbers(broker.address(), topic, 1, 10);
  ConsumerOptions options = Member(broker.address(), topic);
  std::unique_ptr<Consumer> consumer;
  options.on_revoked = [&](const std::vector<TopicPartition>& partitions, bool lost) {
    EXPECT_FALSE(lost);
    EXPECT_EQ(consumer->StoreOffset(partitions.at(0), 6), Status());
  };
  consumer = Must(Consumer::Create(options));
  PollUntil(*consumer, 10);
  EXPECT_EQ(consumer->Close(Soon()), Status());
  const auto next = Must(Consumer::Create(Member(broker.address(), topic)));
  EXPECT_EQ(PollUntil(*next, 4).front().offset, 6);
}

// Stores `next_offset` of partition 0 and polls until the broker has confirmed it.
void StoreAndCommit(Consumer& consumer, const std::string& topic, int64_t next_offset) {
  ASSERT_EQ(consumer.StoreOffset({topic, 0}, next_offset), Status());
  ASSERT_TRUE(test::Eventually([&] {
    EXPECT_TRUE(consumer.Poll(milliseconds(1)).ok());
    return consumer.Progress().at(0).committed_offset == next_offset;
  }));
}

TEST(Consumer, LosesOnlyWhatWasNotCommittedWhenItDies) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 1);
  DeliverNumbers(broker.address(), topic, 1, 10);
  ConsumerOptions options = Member(broker.address(), topic);
  options.session_timeout = std::chrono::seconds(1);
  {
    const auto consumer = Must(Consumer::Create(options));
    PollUntil(*consumer, 10);
    StoreAndCommit(*consumer, topic, 3);
    // The commit just now was the timer's; the next is an interval away.
    ASSERT_EQ(consumer->StoreOffset({topic, 0}, 7), Status());
  }
  const auto consumer = Must(Consumer::Create(options));
  EXPECT_EQ(PollUntil(*consumer, 7).front().offset, 3);
}

// A member that handles each message at once, in a thread of its own.
class Worker {
 public:
  Worker(ConsumerOptions options, std::function<void(const ReceivedMessage&)> handle)
      : handle_(std::move(handle)) {
    options.on_assigned = [this](const auto& partitions) { owned_ += partitions.size(); };
    options.on_revoked = [this](const auto& partitions, bool lost) {
      owned_ -= partitions.size();
      lost_ = lost_ || lost;
    };
    consumer_ = Must(Consumer::Create(options));
    thread_ = std::thread([this] { Run(); });
  }
  ~Worker() { Stop(); }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  size_t owned() const { return owned_; }
  bool lost() const { return lost_; }

 private:
  void Run() {
    while (!stop_) {
      auto batch = consumer_->Poll(kShort);
      ASSERT_TRUE(batch.ok()) << batch.status().ToString();
      for (const ReceivedMessage& message : *batch) {
        handle_(message);
        ASSERT_EQ(consumer_->StoreOffset({message.topic, message.partition}, message.offset + 1),
                  Status());
      }
    }
    EXPECT_EQ(consumer_->Close(Soon()), Status());
  }

  std::function<void(const ReceivedMessage&)> handle_;
  std::atomic<size_t> owned_ = 0;
  std::atomic<bool> lost_ = false;
  std::atomic<bool> stop_ = false;
  std::unique_ptr<Consumer> consumer_;
  std::thread thread_;
};

TEST(Consumer, MembersShareTheTopicAndHandOverWithoutLossOrRepetition) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events");
  std::mutex mutex;
  std::map<std::string, int> seen;
  const auto handle = [&](const ReceivedMessage& message) {
    std::lock_guard lock(mutex);
    ++seen[message.value];
  };
  const auto handled = [&] {
    std::lock_guard lock(mutex);
    return seen.size();
  };
  std::atomic<bool> enough = false;
  std::atomic<uint64_t> sent = 0;
  std::thread sender([&] {
    while (!enough) {
      DeliverNumbers(broker.address(), topic, sent + 1, sent + 200);
      sent += 200;
    }
  });
  auto first = std::make_unique<Worker>(Member(broker.address(), topic), handle);
  EXPECT_TRUE(test::Eventually([&] { return first->owned() == 8 && handled() > 200; }));
  auto second = std::make_unique<Worker>(Member(broker.address(), topic), handle);
  EXPECT_TRUE(test::Eventually([&] { return first->owned() == 4 && second->owned() == 4; }));
  first->Stop();
  EXPECT_TRUE(test::Eventually([&] { return second->owned() == 8; }));
  enough = true;
  sender.join();
  EXPECT_TRUE(test::Eventually([&] { return handled() == sent; })) << handled() << " of " << sent;
  second->Stop();
  EXPECT_EQ(first->owned() + second->owned(), 0u);
  EXPECT_FALSE(first->lost() || second->lost());
  for (const auto& [value, times] : seen) EXPECT_EQ(times, 1) << value;
}

TEST(Consumer, IsToldWhenPartitionsWereLostAndCannotCommitThemAnyMore) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 1);
  DeliverNumbers(broker.address(), topic, 1, 10);
  ConsumerOptions options = Member(broker.address(), topic);
  options.session_timeout = options.max_poll_interval = std::chrono::seconds(1);
  std::vector<bool> lost;
  ConsumerOptions silent = options;
  silent.commit_interval = std::chrono::hours(1);
  silent.on_revoked = [&](const auto& partitions, bool is_lost) {
    EXPECT_THAT(partitions, ElementsAre(TopicPartition{topic, 0}));
    lost.push_back(is_lost);
  };
  const auto sleeper = Must(Consumer::Create(silent));
  PollUntil(*sleeper, 10);
  ASSERT_EQ(sleeper->StoreOffset({topic, 0}, 9), Status());

  // The sleeper does not poll while another member waits for the partition and gets it.
  const auto heir = Must(Consumer::Create(options));
  PollUntil(*heir, 10);
  StoreAndCommit(*heir, topic, 5);

  EXPECT_TRUE(test::Eventually([&] { return sleeper->Poll(kShort).ok() && !lost.empty(); }));
  EXPECT_THAT(lost, ElementsAre(true));
  EXPECT_EQ(sleeper->StoreOffset({topic, 0}, 10).reason(), "KAFKA_NOT_ASSIGNED");
  EXPECT_EQ(sleeper->Close(Soon()), Status());
  EXPECT_EQ(heir->Close(Soon()), Status());
  const auto next = Must(Consumer::Create(options));
  EXPECT_EQ(PollUntil(*next, 5).front().offset, 5);
}

TEST(Consumer, LeavesPausedPartitionsAtTheBrokerAndMissesNothingAfterwards) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 2);
  DeliverNumbers(broker.address(), topic, 1, 200);
  ConsumerOptions options = Member(broker.address(), topic);
  options.batch_messages = 1;
  const auto consumer = Must(Consumer::Create(options));
  std::vector<ReceivedMessage> received = PollUntil(*consumer, 1);
  const TopicPartition paused{topic, received[0].partition};
  // More of it has been fetched ahead by now.
  ASSERT_EQ(consumer->Pause({paused}), Status());
  size_t others = 0;
  for (const ReceivedMessage& message : ReadAll(broker.address(), topic)) {
    others += message.partition != paused.partition;
  }
  ASSERT_GT(others, 0u);
  ASSERT_LT(others, 200u);
  for (const ReceivedMessage& message : PollUntil(*consumer, others)) {
    EXPECT_NE(message.partition, paused.partition);
  }
  auto nothing = consumer->Poll(kShort);
  ASSERT_TRUE(nothing.ok());
  EXPECT_THAT(*nothing, IsEmpty());

  ASSERT_EQ(consumer->Resume({paused}), Status());
  int64_t offset = received[0].offset;
  for (const ReceivedMessage& message : PollUntil(*consumer, 200 - others - 1)) {
    EXPECT_EQ(message.partition, paused.partition);
    EXPECT_EQ(message.offset, ++offset);
  }
  EXPECT_EQ(consumer->Pause({{"no such topic", 0}}).reason(), "KAFKA_NOT_ASSIGNED");
}

TEST(Consumer, GetsMessagesOfAPartitionThatItPausedAndLostAndWasGivenBack) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 1);
  DeliverNumbers(broker.address(), topic, 1, 10);
  ConsumerOptions options = Member(broker.address(), topic);
  options.session_timeout = options.max_poll_interval = std::chrono::seconds(1);
  int lost = 0;
  ConsumerOptions silent = options;
  silent.on_revoked = [&](const auto&, bool is_lost) { lost += is_lost; };
  const auto sleeper = Must(Consumer::Create(silent));
  PollUntil(*sleeper, 10);
  ASSERT_EQ(sleeper->Pause({{topic, 0}}), Status());
  {
    // The sleeper does not poll meanwhile.
    const auto heir = Must(Consumer::Create(options));
    PollUntil(*heir, 10);
    EXPECT_EQ(heir->Close(Soon()), Status());
  }
  EXPECT_EQ(PollUntil(*sleeper, 10).front().offset, 0);
  EXPECT_EQ(lost, 1);
}

TEST(Consumer, BoundsABatchByMessagesAndBytesButLetsALargeMessageThrough) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 1);
  std::vector<Message> messages(25);
  for (Message& message : messages) message = {.topic = topic, .value = std::string(1'000, 'x')};
  messages.push_back({.topic = topic, .value = std::string(900'000, 'y')});
  Deliver(broker.address(), messages);
  ConsumerOptions options = Member(broker.address(), topic);
  options.batch_messages = 10;
  options.batch_bytes = 7'500;
  options.fetch_bytes = 50'000;
  const auto consumer = Must(Consumer::Create(options));
  std::vector<size_t> sizes;
  size_t count = 0;
  ASSERT_TRUE(test::Eventually([&] {
    auto batch = consumer->Poll(kShort);
    EXPECT_TRUE(batch.ok());
    if (!batch->empty()) sizes.push_back(batch->size());
    count += batch->size();
    return count == 26;
  }));
  for (const size_t size : sizes) EXPECT_LE(size, 8u);
}

TEST(Consumer, TellsHowFarItIs) {
  test::KafkaBroker broker;
  const std::string topic = broker.MakeTopic("events", 1);
  DeliverNumbers(broker.address(), topic, 1, 10);
  const auto consumer = Must(Consumer::Create(Member(broker.address(), topic)));
  EXPECT_THAT(consumer->Progress(), IsEmpty());
  EXPECT_EQ(consumer->StoreOffset({topic, 0}, 1).reason(), "KAFKA_NOT_ASSIGNED");
  PollUntil(*consumer, 10);
  ASSERT_THAT(consumer->Progress(), SizeIs(1));
  EXPECT_EQ(consumer->Progress()[0].next_offset, std::nullopt);
  ASSERT_EQ(consumer->StoreOffset({topic, 0}, 4), Status());
  EXPECT_EQ(consumer->Progress()[0].partition, (TopicPartition{topic, 0}));
  EXPECT_EQ(consumer->Progress()[0].next_offset, 4);
  EXPECT_EQ(consumer->Progress()[0].end_offset, 10);
}

TEST(Consumer, WaitsForATopicThatIsMadeLater) {
  test::KafkaBroker broker;
  const auto consumer = Must(Consumer::Create(Member(broker.address(), broker.prefix() + "late")));
  ASSERT_TRUE(consumer->Poll(kShort).ok());
  const std::string topic = broker.MakeTopic("late", 1);
  DeliverNumbers(broker.address(), topic, 1, 3);
  EXPECT_THAT(Values(PollUntil(*consumer, 3)), ElementsAre("1", "2", "3"));
}

}  // namespace
}  // namespace crm::kafka
