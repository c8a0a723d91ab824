#include "tests/scenario/running_deployment.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

namespace crm::test {
namespace {

// Made when they are first needed, in this order.
struct Everything {
  Servers servers;
  std::map<Shape, std::unique_ptr<Deployment>> deployments;
  Deployment* running = nullptr;
};

std::unique_ptr<Everything> everything;
std::string failure;

void StopRunning() {
  if (everything == nullptr || everything->running == nullptr) return;
  try {
    std::exchange(everything->running, nullptr)->StopAll();
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

void Run(Shape shape) {
  if (everything == nullptr) everything = std::make_unique<Everything>();
  auto& deployment = everything->deployments[shape];
  if (deployment == nullptr) {
    deployment = std::make_unique<Deployment>(shape, everything->servers);
  }
  deployment->StartAll();
  everything->running = deployment.get();
}

class AtEnd final : public ::testing::Environment {
 public:
  void TearDown() override {
    StopRunning();
    everything.reset();
  }
};

const auto* const at_end = ::testing::AddGlobalTestEnvironment(new AtEnd);

}  // namespace

Deployment& RunningDeployment(Shape shape) {
  if (!failure.empty()) throw std::runtime_error(failure);
  if (everything != nullptr && everything->running != nullptr &&
      everything->running->shape() == shape) {
    return *everything->running;
  }
  StopRunning();
  try {
    Run(shape);
  } catch (const std::exception& error) {
    failure = error.what();
    throw;
  }
  return *everything->running;
}

std::string NewTenantName() {
  static int number = 0;
  return "shop" + std::to_string(++number);
}

}  // namespace crm::test
