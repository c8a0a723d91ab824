#include "libs/service/service.h"

#include <gtest/gtest.h>

namespace crm {
namespace {

ServiceDefinition AService(const std::string& name, std::vector<std::string> asks) {
  ServiceDefinition service;
  service.name = name;
  service.asks = std::move(asks);
  return service;
}

// Each has a pool of its own, so a circle of calls could wait for itself.
TEST(Services, MayNotAskEachOtherInACircle) {
  EXPECT_TRUE(CheckNoCycles({AService("deals", {"contacts", "identity"}),
                             AService("contacts", {"identity"}), AService("identity", {})})
                  .ok());
  auto circle = CheckNoCycles({AService("deals", {"contacts"}), AService("contacts", {"leads"}),
                               AService("leads", {"identity", "contacts"})});
  EXPECT_EQ(circle.reason(), "SERVICE_CYCLE");
  EXPECT_NE(circle.message().find("contacts -> leads -> contacts"), std::string::npos)
      << circle.message();
  EXPECT_FALSE(CheckNoCycles({AService("deals", {"deals"})}).ok());
}

}  // namespace
}  // namespace crm
