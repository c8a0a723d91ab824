// From a real topic into a consumer: every event in effect once, whatever else lies in the topic
// and however often it is read.
#include "libs/events/kafka_source.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "libs/command/record_codec.h"
#include "libs/events/cloud_event.h"
#include "libs/kafka/producer.h"
#include "libs/testing/call_harness.h"
#include "libs/testing/eventually.h"
#include "libs/testing/kafka_broker.h"

namespace crm::events {
namespace {

using kernel::v1::LogRow;
using test::Eventually;
using testing::v1::Exhibit;
using testing::v1::ExhibitEvent;
using testing::v1::Room;

class KafkaSourceTest : public ::testing::Test {
 protected:
  KafkaSourceTest() {
    consumer_.name = "rooms.on_exhibits";
    consumer_.functions.insert(
        On<ExhibitEvent>([this](Call& call, const ExhibitEvent&, const Event& event) -> Status {
          if (poison_ == event.row.subject()) return Internal("cannot be applied");
          if (away_-- > 0) return Unavailable("AWAY", "It is away.");
          // One room for each exhibit: its name collects the versions.
          std::string name = "rooms/" + event.row.subject().substr(9);
          auto room = call.Find<Room>(name);
          Room next = *room ? **room : Room();
          next.set_name(name);
          next.set_display_name(next.display_name() + std::to_string(event.row.version()) + ";");
          return call.StoreWithFact(next, *room ? "updated" : "created");
        }));
    applier_ = std::make_unique<EventApplier>(consumer_, "rooms", service_.types(),
                                              service_.pipeline(), log_, metrics_);
    kafka::ProducerOptions options;
    options.client.brokers = broker_.address();
    producer_ = std::move(*kafka::Producer::Create(std::move(options)));
  }

  static std::string Subject(int number) {
    Uuid id;
    id.bytes[15] = static_cast<uint8_t>(number);
    return "exhibits/" + id.ToString();
  }
  kafka::Message Message(int number, int64_t version) {
    LogRow row;
    row.set_seq(++seq_);
    row.set_tenant(service_.tenant().bytes.data(), 16);
    row.set_subject(Subject(number));
    row.set_version(version);
    row.set_event_id(NamedUuid("event", std::to_string(seq_)).ToString());
    row.set_type("crm.testing.v1.ExhibitUpdated");
    row.set_payload_type("crm.testing.v1.ExhibitEvent");
    return ToCloudEvent(row, "museum", topic_);
  }
  void Send(const kafka::Message& message) { ASSERT_TRUE(producer_->Send(message, 0).ok()); }

  std::unique_ptr<KafkaSource> Source() {
    KafkaSourceOptions options;
    options.kafka.brokers = broker_.address();
    options.group_id = broker_.prefix() + "group";
    options.topics = {topic_};
    options.window = 16;
    auto source =
        std::make_unique<KafkaSource>(options, *applier_, service_.clock(), log_, metrics_);
    source->Start();
    return source;
  }
  std::string Room_(int number) {
    const RecordType& rooms = service_.type(Room::descriptor());
    Uuid id;
    id.bytes[15] = static_cast<uint8_t>(number);
    auto stored = service_.store().Get({&rooms, service_.tenant(), id}, {});
    Room room;
    EXPECT_TRUE(!*stored || DecodeRecord((*stored)->body, room).ok());
    return room.display_name();
  }

  test::KafkaBroker broker_;
  std::string topic_ = broker_.MakeTopic("crm.museum.v1");
  test::CallHarness service_{{Exhibit::descriptor(), Room::descriptor()}, {.threads = 4}};
  EventConsumer consumer_;
  log::Logger log_ = log::Logger::Silent();
  metrics::Registry metrics_;
  std::unique_ptr<EventApplier> applier_;
  std::unique_ptr<kafka::Producer> producer_;
  int64_t seq_ = 0;
  std::string poison_;
  std::atomic<int> away_ = 0;
};

TEST_F(KafkaSourceTest, AppliesEachSubjectInItsOrderOnce) {
  constexpr int kSubjects = 20;
  std::string expected;
  for (int64_t version = 1; version <= 15; ++version) {
    expected += std::to_string(version) + ";";
    for (int subject = 0; subject < kSubjects; ++subject) {
      Send(Message(subject, version));
      if (version % 4 == 0) Send(Message(subject, version - 1));  // repeats
    }
  }
  auto source = Source();
  for (int subject = 0; subject < kSubjects; ++subject) {
    EXPECT_TRUE(Eventually([&] { return Room_(subject) == expected; })) << Room_(subject);
  }
  source->Stop(std::chrono::seconds(5));
}

TEST_F(KafkaSourceTest, GoesOnWhereTheLastOneEnded) {
  for (int64_t version = 1; version <= 5; ++version) Send(Message(1, version));
  auto first = Source();
  ASSERT_TRUE(Eventually([&] { return Room_(1) == "1;2;3;4;5;"; }));
  first->Stop(std::chrono::seconds(5));
  for (int64_t version = 6; version <= 8; ++version) Send(Message(1, version));
  auto second = Source();
  EXPECT_TRUE(Eventually([&] { return Room_(1) == "1;2;3;4;5;6;7;8;"; })) << Room_(1);
  second->Stop(std::chrono::seconds(5));
}

TEST_F(KafkaSourceTest, PassesWhatIsMalformedAndWhatIsPoisoned) {
  kafka::Message broken = Message(1, 1);
  broken.headers.clear();
  Send(broken);
  poison_ = Subject(2);
  Send(Message(2, 1));
  for (int64_t version = 1; version <= 3; ++version) Send(Message(1, version));
  auto source = Source();
  EXPECT_TRUE(Eventually([&] { return Room_(1) == "1;2;3;"; }));
  EXPECT_TRUE(Eventually([&] {
    ListQuery query;
    query.type = &service_.type(kernel::v1::DeadLetter::descriptor());
    query.tenant = service_.tenant();
    return service_.store().List(query, {})->size() == 1;
  }));
  EXPECT_EQ(Room_(2), "");
  source->Stop(std::chrono::seconds(5));
}

TEST_F(KafkaSourceTest, TriesAgainWhatFailedForNow) {
  away_ = 3;
  Send(Message(1, 1));
  Send(Message(1, 2));
  auto source = Source();
  EXPECT_TRUE(Eventually([&] { return Room_(1) == "1;2;"; }));
  source->Stop(std::chrono::seconds(5));
}

}  // namespace
}  // namespace crm::events
