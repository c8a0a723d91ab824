// SimulatedWorld: all services in this thread, on memory and a virtual clock, in an order that a
// seed decides.
#pragma once

#include "libs/testing/simulation.h"
#include "tests/scenario/world.h"

namespace crm::test {

class SimulatedWorld final : public World {
 public:
  explicit SimulatedWorld(uint64_t seed);

  Simulation& simulation() { return simulation_; }

  Answer CallMessage(const Ask& ask, Caller caller) override;
  std::vector<Answer> CallTogether(const std::vector<Ask>& asks) override;
  Time Now() const override;
  void Advance(Duration step) override;
  // The clock jumps, so that what was due meanwhile is done late, as by a service that was down.
  void AdvanceWithout(const std::string& service, Duration step) override;
  // When nothing is left to do at this moment.
  ::testing::AssertionResult Comes(const std::function<bool()>& condition) override;
  void TakeBus() override;
  void ReturnBus() override;
  // There are none here.
  void FlushCounters() override {}
  void TakeCounters() override {}
  void ReturnCounters() override {}

 private:
  mutable Simulation simulation_;
  const Principal administrator_;
  const Principal form_;
};

}  // namespace crm::test
