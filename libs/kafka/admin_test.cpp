#include "libs/kafka/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/kafka/test_clients.h"
#include "libs/testing/clock.h"
#include "libs/testing/kafka_broker.h"

namespace crm::kafka {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

class AdminTest : public ::testing::Test {
 protected:
  std::optional<int32_t> Partitions(const std::string& topic) {
    auto count = admin_->CountPartitions(topic, Soon());
    EXPECT_TRUE(count.ok()) << count.status().ToString();
    return count.ok() ? *count : std::nullopt;
  }

  test::KafkaBroker broker_;
  const std::unique_ptr<Admin> admin_ = Must(Admin::Create(At(broker_.address())));
};

TEST_F(AdminTest, CreatesATopicOnceAndLeavesItAloneAfterwards) {
  const TopicSpec topic{.name = broker_.prefix() + "events", .config = {{"retention.ms", "-1"}}};
  EXPECT_EQ(Partitions(topic.name), std::nullopt);
  EXPECT_EQ(admin_->CreateTopics({topic}, Soon()), Status());
  EXPECT_EQ(Partitions(topic.name), 8);
  DeliverNumbers(broker_.address(), topic.name, 1, 3);
  EXPECT_EQ(admin_->CreateTopics({topic}, Soon()), Status());
  EXPECT_EQ(ReadAll(broker_.address(), topic.name).size(), 3u);
}

TEST_F(AdminTest, RefusesATopicWithAnotherNumberOfPartitions) {
  const std::string name = broker_.MakeTopic("events", 3);
  const Status status = admin_->CreateTopics({{.name = name, .partitions = 8}}, Soon());
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.reason(), "KAFKA_PARTITIONS_DIFFER");
  EXPECT_EQ(status.metadata().at("partitions"), "3");
}

TEST_F(AdminTest, SaysWhichTopicWasRefused) {
  const TopicSpec topic{.name = broker_.prefix() + "events", .config = {{"retention.ms", "soon"}}};
  EXPECT_EQ(admin_->CreateTopics({topic}, Soon()).metadata().at("topic"), topic.name);
  EXPECT_EQ(Partitions(topic.name), std::nullopt);
  EXPECT_EQ(admin_->CreateTopics({{.name = broker_.prefix() + "none", .partitions = -7}}, Soon())
                .reason(),
            "KAFKA_BAD_TOPIC");
}

TEST_F(AdminTest, DeletesTopicsAndDoesNotMindThoseThatAreGone) {
  const std::string name = broker_.MakeTopic("events", 1);
  auto topics = admin_->ListTopics(Soon());
  ASSERT_TRUE(topics.ok());
  EXPECT_THAT(*topics, Contains(name));
  EXPECT_EQ(admin_->DeleteTopics({name, broker_.prefix() + "absent"}, Soon()), Status());
  EXPECT_TRUE(test::Eventually([&] { return Partitions(name) == std::nullopt; }));
  EXPECT_EQ(admin_->DeleteTopics({name}, Soon()), Status());
}

TEST_F(AdminTest, TellsBeginningAndEndOfEveryPartition) {
  const std::string name = broker_.MakeTopic("events", 2);
  auto offsets = admin_->Offsets(name, Soon());
  ASSERT_TRUE(offsets.ok()) << offsets.status().ToString();
  EXPECT_THAT(*offsets, ElementsAre(OffsetRange{0, 0, 0}, OffsetRange{1, 0, 0}));
  DeliverNumbers(broker_.address(), name, 1, 100);
  offsets = admin_->Offsets(name, Soon());
  ASSERT_TRUE(offsets.ok());
  EXPECT_EQ((*offsets)[0].end + (*offsets)[1].end, 100);
  EXPECT_EQ(admin_->Offsets(broker_.prefix() + "absent", Soon()).status().reason(),
            "KAFKA_UNKNOWN_TOPIC");
}

TEST_F(AdminTest, FindsOffsetsByTime) {
  const std::string name = broker_.MakeTopic("events", 1);
  std::vector<Message> messages;
  for (int i = 0; i < 10; ++i) {
    messages.push_back(Numbered(name, i));
    messages.back().timestamp = test::kMonday + std::chrono::seconds(i);
  }
  Deliver(broker_.address(), messages);
  const auto at = [&](Duration after) {
    auto offsets = admin_->OffsetsForTime(name, test::kMonday + after, Soon());
    EXPECT_TRUE(offsets.ok()) << offsets.status().ToString();
    return offsets.ok() ? *offsets : std::map<int32_t, int64_t>();
  };
  EXPECT_THAT(at(std::chrono::hours(-1)), ElementsAre(Pair(0, 0)));
  EXPECT_THAT(at(std::chrono::seconds(4)), ElementsAre(Pair(0, 4)));
  EXPECT_THAT(at(std::chrono::seconds(4) + Duration(1)), ElementsAre(Pair(0, 5)));
  EXPECT_THAT(at(std::chrono::hours(1)), ElementsAre(Pair(0, 10)));
}

TEST_F(AdminTest, AnswersWhetherABrokerIsThereBeforeTheDeadline) {
  EXPECT_EQ(admin_->Ping(Soon()), Status());
  const auto nobody = Must(Admin::Create(At("127.0.0.1:1")));
  const Status status = nobody->Ping(In(std::chrono::milliseconds(100)));
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.reason(), "KAFKA_UNAVAILABLE");
  EXPECT_EQ(nobody->Offsets("events", In(std::chrono::milliseconds(10))).status().reason(),
            "KAFKA_UNAVAILABLE");
}

TEST(CheckSecurity, TakesOnlyWhatItKnows) {
  EXPECT_EQ(CheckSecurity({}), Status());
  EXPECT_EQ(CheckSecurity({{"security.protocol", "SASL_SSL"}, {"sasl.password", "x"}}), Status());
  EXPECT_THAT(CheckSecurity({{"enable.ssl.certificate.verification", "false"}}).field_violations(),
              Contains(FieldViolation{"security.enable.ssl.certificate.verification",
                                      "is not a security option of this client"}));
}

}  // namespace
}  // namespace crm::kafka
