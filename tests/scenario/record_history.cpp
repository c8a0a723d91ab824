#include "tests/scenario/record_history.h"

#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <map>

#include "crm/kernel/v1/operations_service.pb.h"

#include "libs/rpc/descriptors.h"

namespace crm::test {

using events::v1::Event;
using google::protobuf::Message;
using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

namespace {

const std::vector<std::string>& Sources() {
  static const std::vector<std::string> sources = {"leads", "deals", "contacts", "activities",
                                                   "notification"};
  return sources;
}

std::unique_ptr<Message> NewMessage(const std::string& type) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) throw std::runtime_error("this program knows no " + type);
  return rpc::NewMessage(descriptor);
}

// The record as the event left it: the first field of the event's message.
std::unique_ptr<Message> SnapshotOf(const Event& event) {
  const std::string& url = event.data().type_url();
  auto message = NewMessage(url.substr(url.rfind('/') + 1));
  if (!message->ParseFromString(event.data().value())) throw std::runtime_error("bad data");
  const auto* field = message->GetDescriptor()->FindFieldByNumber(1);
  std::unique_ptr<Message> snapshot(message->GetReflection()->GetMessage(*message, field).New());
  snapshot->CopyFrom(message->GetReflection()->GetMessage(*message, field));
  return snapshot;
}

World::Answer GetAsOf(World& world, const std::string& name, const Timestamp& time) {
  static const std::map<std::string, std::string> getters = {
      {"leads", "crm.leads.v1.LeadService/GetLead"},
      {"deals", "crm.deals.v1.DealService/GetDeal"},
      {"contacts", "crm.contacts.v1.ContactService/GetContact"},
      {"tasks", "crm.activities.v1.TaskService/GetTask"}};
  const std::string& method = getters.at(name.substr(0, name.find('/')));
  const size_t service_end = method.find('/');
  const std::string package = method.substr(0, method.rfind('.', service_end) + 1);
  auto request = NewMessage(package + method.substr(service_end + 1) + "Request");
  const auto& descriptor = *request->GetDescriptor();
  request->GetReflection()->SetString(request.get(), descriptor.FindFieldByName("name"), name);
  request->GetReflection()
      ->MutableMessage(request.get(), descriptor.FindFieldByName("as_of"))
      ->CopyFrom(time);
  return world.CallMessage({method, *request}, Caller::kAdministrator);
}

// Without its etag, which is a property of the answer.
std::string TextOf(const Message& record) {
  std::unique_ptr<Message> plain(record.New());
  plain->CopyFrom(record);
  plain->GetReflection()->ClearField(plain.get(), plain->GetDescriptor()->FindFieldByName("etag"));
  return plain->DebugString();
}

Timestamp JustBefore(const Timestamp& time) {
  return TimeUtil::MicrosecondsToTimestamp(TimeUtil::TimestampToMicroseconds(time) - 1);
}

void ExpectWas(World& world, const std::string& name, const Timestamp& when, const Event* event) {
  auto was = GetAsOf(world, name, when);
  if (event == nullptr) {
    EXPECT_EQ(was.status().code(), Code::kNotFound) << name << " before its first version";
    return;
  }
  ASSERT_TRUE(was.ok()) << name << " as of version " << event->version() << ": "
                        << was.status().ToString();
  EXPECT_EQ(TextOf(**was), TextOf(*SnapshotOf(*event))) << event->type();
}

Result<events::v1::SearchEventsResponse> EventById(World& world, const std::string& source,
                                                   const std::string& id) {
  events::v1::SearchEventsRequest request;
  request.set_source(source);
  request.set_id(id);
  return world.Call<events::v1::SearchEventsResponse>("crm.events.v1.EventService/SearchEvents",
                                                      request);
}

Event Find(World& world, const std::string& id) {
  for (const auto& source : Sources()) {
    auto found = EventById(world, source, id);
    EXPECT_TRUE(found.ok() || found.status().code() == Code::kNotFound)
        << source << ": " << found.status().ToString();
    if (found.ok() && found->events_size() > 0) return found->events(0);
  }
  return {};
}

}  // namespace

std::vector<Event> HistoryOf(World& world, const std::string& name) {
  events::v1::ListEventsRequest request;
  request.set_subject(name);
  auto listed =
      world.Call<events::v1::ListEventsResponse>("crm.events.v1.EventService/ListEvents", request);
  EXPECT_TRUE(listed.ok()) << name << ": " << listed.status().ToString();
  if (!listed.ok()) return {};
  EXPECT_EQ(listed->next_page_token(), "");
  return {listed->events().begin(), listed->events().end()};
}

void ExpectHistoryIsTheRecord(World& world, const std::string& name) {
  const auto history = HistoryOf(world, name);
  ASSERT_FALSE(history.empty()) << name;
  const Event* before = nullptr;
  for (const auto& event : history) {
    EXPECT_EQ(event.version(), before == nullptr ? 1 : before->version() + 1) << name;
    ExpectWas(world, name, JustBefore(event.recorded_time()), before);
    ExpectWas(world, name, event.recorded_time(), &event);
    before = &event;
  }
}

Event LastFact(World& world, const std::string& name, const std::string& type) {
  Event last;
  for (const auto& event : HistoryOf(world, name)) {
    if (event.type() == type) last = event;
  }
  return last;
}

std::vector<Event> WhyOf(World& world, const Event& event) {
  constexpr size_t kLongest = 50;
  std::vector<Event> chain = {event};
  while (!chain.back().causation().empty() && chain.size() < kLongest) {
    chain.push_back(Find(world, chain.back().causation()));
  }
  return chain;
}

void ExpectLogsAreTheTables(World& world, const std::vector<std::string>& services) {
  for (const auto& service : services) {
    kernel::v1::VerifyRequest request;
    request.set_source(service);
    do {
      auto verified =
          world.Call<kernel::v1::VerifyResponse>("crm.kernel.v1.OperationsService/Verify", request);
      ASSERT_TRUE(verified.ok()) << service << ": " << verified.status().ToString();
      EXPECT_TRUE(verified->differences().empty()) << service << ": " << verified->DebugString();
      request.set_page_token(verified->next_page_token());
    } while (!request.page_token().empty());
  }
}

}  // namespace crm::test
