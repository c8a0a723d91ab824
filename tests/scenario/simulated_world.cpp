#include "tests/scenario/simulated_world.h"

#include "tests/scenario/every_service.h"

namespace crm::test {
namespace {

const Uuid kTenant = NamedUuid("tenant", "window shop");

// What the key on a web page may do.
Principal Form() {
  return {kTenant, "apiKeys/" + Uuid{{8}}.ToString(), {}, {{"lead", "submit", Scope::kAll, ""}}};
}

}  // namespace

SimulatedWorld::SimulatedWorld(uint64_t seed)
    : simulation_(EveryService(), seed),
      administrator_(Simulation::Admin(kTenant)),
      form_(Form()) {}

World::Answer SimulatedWorld::CallMessage(const Ask& ask, Caller caller) {
  return simulation_.CallMessage(ask.method, ask.request,
                                 caller == Caller::kForm ? form_ : administrator_);
}

std::vector<World::Answer> SimulatedWorld::CallTogether(const std::vector<Ask>& asks) {
  std::vector<Simulation::Request> requests;
  for (const auto& ask : asks) requests.push_back({ask.method, &ask.request});
  return simulation_.CallTogether(requests, administrator_);
}

Time SimulatedWorld::Now() const {
  return simulation_.clock().Now();
}

void SimulatedWorld::Advance(Duration step) {
  simulation_.AdvanceTo(Now() + step);
}

void SimulatedWorld::AdvanceWithout(const std::string& service, Duration step) {
  simulation_.RunUntilIdle();
  simulation_.clock().Advance(step);
}

::testing::AssertionResult SimulatedWorld::Comes(const std::function<bool()>& condition) {
  simulation_.RunUntilIdle();
  if (condition()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "nothing is left to do, and it has not come";
}

void SimulatedWorld::TakeBus() {
  simulation_.HoldEvents(true);
}
void SimulatedWorld::ReturnBus() {
  simulation_.HoldEvents(false);
}

}  // namespace crm::test
