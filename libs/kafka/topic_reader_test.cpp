#include "libs/kafka/topic_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "libs/kafka/test_clients.h"
#include "libs/testing/kafka_broker.h"

namespace crm::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TopicReaderTest : public ::testing::Test {
 protected:
  TopicReaderOptions Options() const {
    TopicReaderOptions options;
    options.client = At(broker_.address());
    options.topic = topic_;
    return options;
  }
  Status OpenStatus(const TopicReaderOptions& options) const {
    return TopicReader::Open(options, Soon()).status();
  }

  test::KafkaBroker broker_;
  const std::string topic_ = broker_.MakeTopic("events", 3);
};

TEST_F(TopicReaderTest, ReadsEverythingUpToTheEndAsItWasWhenOpened) {
  DeliverNumbers(broker_.address(), topic_, 1, 5'000);
  const auto reader = Must(TopicReader::Open(Options(), Soon()));
  EXPECT_FALSE(reader->done());
  DeliverNumbers(broker_.address(), topic_, 5'001, 5'100);
  const auto all = ReadToEnd(*reader);
  EXPECT_TRUE(reader->done());
  ASSERT_THAT(all, SizeIs(5'000));
  std::map<int32_t, int64_t> next;
  for (const ReceivedMessage& message : all) {
    EXPECT_EQ(message.offset, next[message.partition]++);
    EXPECT_LE(std::stoi(message.value), 5'000);
  }
  const auto nothing = reader->Next(test::kPatience);
  ASSERT_TRUE(nothing.ok());
  EXPECT_THAT(*nothing, IsEmpty());
}

TEST_F(TopicReaderTest, IsDoneAtOnceWithAnEmptyTopic) {
  EXPECT_TRUE(Must(TopicReader::Open(Options(), Soon()))->done());
}

TEST_F(TopicReaderTest, StartsWhereItIsTold) {
  const std::string topic = broker_.MakeTopic("single", 1);
  DeliverNumbers(broker_.address(), topic, 1, 10);
  TopicReaderOptions options = Options();
  options.topic = topic;
  options.from = {{0, 7}};
  EXPECT_THAT(Values(ReadToEnd(*Must(TopicReader::Open(options, Soon())))),
              ElementsAre("8", "9", "10"));
  options.from = {{0, 10}};
  EXPECT_TRUE(Must(TopicReader::Open(options, Soon()))->done());
}

TEST_F(TopicReaderTest, FollowsWhatArrivesLater) {
  const std::string topic = broker_.MakeTopic("single", 1);
  DeliverNumbers(broker_.address(), topic, 1, 2);
  TopicReaderOptions options = Options();
  options.topic = topic;
  options.from = {{0, 2}};
  options.follow = true;
  const auto reader = Must(TopicReader::Open(options, Soon()));
  const auto nothing = reader->Next(std::chrono::milliseconds(20));
  ASSERT_TRUE(nothing.ok());
  EXPECT_THAT(*nothing, IsEmpty());
  DeliverNumbers(broker_.address(), topic, 3, 3);
  const auto batch = reader->Next(test::kPatience);
  ASSERT_TRUE(batch.ok()) << batch.status().ToString();
  EXPECT_THAT(Values(*batch), ElementsAre("3"));
  EXPECT_FALSE(reader->done());
}

TEST_F(TopicReaderTest, RefusesAnOffsetThatTheTopicDoesNotHold) {
  TopicReaderOptions options = Options();
  options.from = {{1, 5}};
  const Status status = OpenStatus(options);
  EXPECT_EQ(status.code(), Code::kOutOfRange);
  EXPECT_EQ(status.reason(), "KAFKA_OFFSET_GONE");
  EXPECT_EQ(status.metadata().at("partition"), "1");
}

TEST_F(TopicReaderTest, SaysThatATopicDoesNotExist) {
  TopicReaderOptions options = Options();
  options.topic = broker_.prefix() + "absent";
  EXPECT_EQ(OpenStatus(options).reason(), "KAFKA_UNKNOWN_TOPIC");
  EXPECT_EQ(OpenStatus(options).code(), Code::kNotFound);
}

}  // namespace
}  // namespace crm::kafka
