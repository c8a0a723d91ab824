#include "libs/auth/internal_calls.h"

#include <gtest/gtest.h>

#include "crm/events/v1/event_service.pb.h"

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

}  // namespace
}  // namespace crm::auth
