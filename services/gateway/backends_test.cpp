#include "services/gateway/backends.h"

#include <gtest/gtest.h>

#include "crm/events/v1/event_service.pb.h"
#include "crm/kernel/v1/operations_service.pb.h"
#include "crm/testing/v1/gateway_specimen_service.pb.h"
#include "libs/rpc/channels.h"

namespace crm::gateway {
namespace {

using events::v1::ListEventsRequest;
using events::v1::StreamEventsRequest;

const google::protobuf::MethodDescriptor& Method(const google::protobuf::Descriptor& request,
                                                 const std::string& name) {
  return *request.file()->service(0)->FindMethodByName(name);
}

TEST(Backends, SendsACallToTheOwnerOfItsService) {
  rpc::RoutedChannels channels;
  const Backends backends(channels);
  const testing::v1::GetSpecimenRequest request;
  EXPECT_EQ(backends.OwnerOf(Method(*request.descriptor(), "GetSpecimen"), request).value(),
            "crm.testing.v1.GatewaySpecimenService");
}

TEST(Backends, SendsACallForEventsToTheServiceThatWroteThem) {
  rpc::RoutedChannels channels;
  const Backends backends(channels);
  StreamEventsRequest stream;
  const auto& stream_method = Method(*stream.descriptor(), "StreamEvents");
  stream.set_source("leads");
  stream.set_subject("deals/1");
  EXPECT_EQ(backends.OwnerOf(stream_method, stream).value(), "crm.leads.v1.EventService");
  ListEventsRequest list;
  const auto& list_method = Method(*list.descriptor(), "ListEvents");
  list.set_subject("leads/1");
  EXPECT_EQ(backends.OwnerOf(list_method, list).value(), "crm.leads.v1.EventService");
}

TEST(Backends, SendsAnOperationToTheServiceThatItNames) {
  rpc::RoutedChannels channels;
  const Backends backends(channels);
  kernel::v1::VerifyRequest verify;
  verify.set_source("deals");
  EXPECT_EQ(backends.OwnerOf(Method(*verify.descriptor(), "Verify"), verify).value(),
            "crm.deals.v1.OperationsService");
}

TEST(Backends, RefusesEventsOfNobody) {
  rpc::RoutedChannels channels;
  const Backends backends(channels);
  StreamEventsRequest stream;
  const auto& stream_method = Method(*stream.descriptor(), "StreamEvents");
  EXPECT_EQ(backends.OwnerOf(stream_method, stream).status().reason(), "INVALID_FIELD");
  stream.set_source("nobody");
  EXPECT_EQ(backends.OwnerOf(stream_method, stream).status().reason(), "INVALID_FIELD");
  ListEventsRequest list;
  list.set_subject("ghosts/1");
  EXPECT_EQ(backends.OwnerOf(Method(*list.descriptor(), "ListEvents"), list).status(),
            NotFound("ghosts/1"));
}

TEST(Backends, SaysWhereNoAddressIsKnown) {
  rpc::RoutedChannels channels;
  channels.Route("crm.leads.v1", "127.0.0.1:1");
  const Backends backends(channels);
  const testing::v1::GetSpecimenRequest request;
  EXPECT_EQ(backends.ForCall(Method(*request.descriptor(), "GetSpecimen"), request).status().code(),
            Code::kUnavailable);
  ListEventsRequest list;
  list.set_subject("leads/1");
  EXPECT_TRUE(backends.ForCall(Method(*list.descriptor(), "ListEvents"), list).ok());
}

}  // namespace
}  // namespace crm::gateway
