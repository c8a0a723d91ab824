// DeployedWorld: a tenant of its own on real processes, seen through the gateway's REST.
#pragma once

#include "tests/scenario/deployment.h"
#include "tests/scenario/rest_client.h"
#include "tests/scenario/world.h"

namespace crm::test {

class DeployedWorld final : public World {
 public:
  // `deployment` outlives it; worlds on the same one share its clock and what is done to its
  // servers.
  DeployedWorld(Deployment& deployment, const std::string& tenant);

  Deployment& deployment() { return deployment_; }
  const TenantKeys& keys() const { return keys_; }

  Answer CallMessage(const Ask& ask, Caller caller) override;
  std::vector<Answer> CallTogether(const std::vector<Ask>& asks) override;
  Time Now() const override { return deployment_.servers().clock.Now(); }
  void Advance(Duration step) override { deployment_.servers().clock.Advance(step); }
  void AdvanceWithout(const std::string& service, Duration step) override;
  ::testing::AssertionResult Comes(const std::function<bool()>& condition) override;
  // Of crm-all Kafka is killed and started again; of one process a service it stands still.
  void TakeBus() override;
  void ReturnBus() override;
  void FlushCounters() override { deployment_.servers().redis.Flush(); }
  void TakeCounters() override { deployment_.servers().redis.Kill(); }
  void ReturnCounters() override { deployment_.servers().redis.Start(); }

 private:
  Deployment& deployment_;
  const TenantKeys keys_;
  const RestClient administrator_;
  const RestClient form_;
};

}  // namespace crm::test
