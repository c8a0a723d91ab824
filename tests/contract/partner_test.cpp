// What partners are told in docs/guide/events.md, tried with the tools that it names.
#include <gtest/gtest.h>

#include "crm/leads/v1/lead_events.pb.h"
#include "libs/base/uuid.h"
#include "libs/events/cloud_event.h"
#include "libs/kafka/producer.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/process.h"

namespace crm {
namespace {

using kernel::v1::LogRow;

LogRow Row(int64_t version, const google::protobuf::Message& event, const std::string& type) {
  LogRow row;
  Uuid tenant{{1}};
  row.set_tenant(tenant.bytes.data(), tenant.bytes.size());
  row.set_seq(version);
  row.set_subject("leads/" + NamedUuid("lead", "1").ToString());
  row.set_version(version);
  row.set_event_id(NamedUuid("event", std::to_string(version)).ToString());
  row.set_type(type);
  row.set_payload_type(event.GetTypeName());
  row.set_body(event.SerializeAsString());
  return row;
}

TEST(PartnersGuide, DecodesATopicWithKcatAndProtoc) {
  test::KafkaBroker broker;
  std::string topic = broker.MakeTopic("crm.leads.v1");
  kafka::ProducerOptions options;
  options.client.brokers = broker.address();
  auto producer = kafka::Producer::Create(options);
  ASSERT_TRUE(producer.ok());
  leads::v1::LeadEvent event;
  event.mutable_lead()->set_display_name("Dana");
  event.mutable_submitted()->set_form("forms/1");
  for (auto [version, type] :
       {std::pair(1, "crm.leads.v1.LeadSubmitted"), std::pair(2, "crm.leads.v1.LeadConverted")}) {
    auto message = events::ToCloudEvent(Row(version, event, type), "leads", topic);
    ASSERT_TRUE((*producer)->Send(message, 0).ok());
    event.mutable_converted()->set_contact("contacts/1");
  }
  ASSERT_TRUE((*producer)->Flush(std::chrono::steady_clock::now() + std::chrono::seconds(30)));

  test::Process decoder({.argv = {"docs/guide/decode-events.sh", broker.address(), topic}});
  ASSERT_EQ(decoder.Wait(std::chrono::seconds(60)), 0) << decoder.Log();
  std::string printed = decoder.Log();
  for (const char* expected :
       {"ce_type=crm.leads.v1.LeadSubmitted", "ce_type=crm.leads.v1.LeadConverted",
        "ce_dataschema=crm.leads.v1.LeadEvent", "ce_version=2", "display_name: \"Dana\"",
        "form: \"forms/1\"", "contact: \"contacts/1\""}) {
    EXPECT_NE(printed.find(expected), std::string::npos) << expected << " is not in\n" << printed;
  }
}

}  // namespace
}  // namespace crm
