#include "libs/auth/internal_calls.h"

#include <gtest/gtest.h>

#include <google/protobuf/empty.pb.h>

#include "crm/events/v1/event_service.pb.h"
#include "libs/auth/test_keys.h"
#include "libs/rpc/channels.h"

namespace crm::auth {
namespace {

TEST(RouteOf, SharedMethodsGoToTheServiceThatTheRequestNames) {
  events::v1::SearchEventsRequest request;
  request.set_source("deals");
  EXPECT_EQ(RouteOf("crm.events.v1.EventService/SearchEvents", request),
            "crm.deals.v1.EventService");
  EXPECT_EQ(RouteOf("crm.leads.v1.LeadService/GetLead", request), "crm.leads.v1.LeadService");
  EXPECT_EQ(RouteOf("crm.events.v1.EventService/ListEvents", events::v1::ListEventsRequest()),
            "crm.events.v1.EventService");
}

TEST(ChannelReader, LetsHandlersOnlyRead) {
  rpc::RoutedChannels channels;  // without a route
  TestKeys keys;
  SystemClock clock;
  InternalTokens tokens(keys.signer(), clock);
  InternalCaller caller(channels, tokens);
  ChannelReader reader(caller);
  google::protobuf::Empty nothing;
  const Principal somebody = Principal::System(NamedUuid("tenant", "1"), "leads");
  auto read = [&](const char* method) {
    return reader.Read(somebody, method, nothing, nothing, {}).code();
  };
  EXPECT_EQ(read("crm.identity.v1.UserService/CreateUser"), Code::kInternal);
  EXPECT_EQ(read("crm.identity.v1.UserService/NoSuchMethod"), Code::kInternal);
  EXPECT_NE(read("crm.identity.v1.UserService/GetUser"), Code::kInternal) << "it was tried";
}

}  // namespace
}  // namespace crm::auth
