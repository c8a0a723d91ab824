#include "tests/scenario/deployed_world.h"

#include <latch>
#include <optional>
#include <thread>

#include "libs/testing/eventually.h"

namespace crm::test {

DeployedWorld::DeployedWorld(Deployment& deployment, const std::string& tenant)
    : deployment_(deployment),
      keys_(deployment.MakeTenant(tenant)),
      administrator_(deployment.http_port(), keys_.admin),
      form_(deployment.http_port(), keys_.form) {}

World::Answer DeployedWorld::CallMessage(const Ask& ask, Caller caller) {
  return (caller == Caller::kForm ? form_ : administrator_).Call(ask.method, ask.request);
}

std::vector<World::Answer> DeployedWorld::CallTogether(const std::vector<Ask>& asks) {
  std::vector<std::optional<Answer>> answers(asks.size());
  std::latch ready(static_cast<std::ptrdiff_t>(asks.size()));
  {
    std::vector<std::jthread> callers;
    for (size_t i = 0; i < asks.size(); ++i) {
      callers.emplace_back([&, i] {
        ready.arrive_and_wait();
        answers[i] = administrator_.Call(asks[i].method, asks[i].request);
      });
    }
  }
  std::vector<Answer> all;
  for (auto& answer : answers) all.push_back(std::move(*answer));
  return all;
}

void DeployedWorld::AdvanceWithout(const std::string& service, Duration step) {
  deployment_.Stop(service);
  Advance(step);
  deployment_.Start(service);
}

void DeployedWorld::TakeBus() {
  auto& kafka = deployment_.servers().kafka;
  deployment_.shape() == Shape::kAll ? kafka.Kill() : kafka.Pause();
}

void DeployedWorld::ReturnBus() {
  auto& kafka = deployment_.servers().kafka;
  deployment_.shape() == Shape::kAll ? kafka.Start() : kafka.Continue();
}

::testing::AssertionResult DeployedWorld::Comes(const std::function<bool()>& condition) {
  return Eventually(condition);
}

}  // namespace crm::test
