// World: where a scenario is lived. The same text runs on the simulation, in one thread on a
// virtual clock, and on real processes through the gateway's REST.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace crm::test {

// The administrator of the world's one tenant, or a web page with the tenant's public form key.
enum class Caller { kAdministrator, kForm };

// A call to be made: "crm.deals.v1.DealService/MoveDeal".
struct Ask {
  std::string method;
  const google::protobuf::Message& request;
};

// Not thread-safe.
class World {
 public:
  using Answer = Result<std::unique_ptr<google::protobuf::Message>>;

  virtual ~World() = default;

  virtual Answer CallMessage(const Ask& ask, Caller caller) = 0;
  // All of them at once, by the administrator; the answers in the order of the asks.
  virtual std::vector<Answer> CallTogether(const std::vector<Ask>& asks) = 0;

  // The time that the services show.
  virtual Time Now() const = 0;
  // Moves it on, while the services run; what is due is done soon (see Comes).
  virtual void Advance(Duration step) = 0;
  // Moves it on while `service` is down, and starts that again.
  virtual void AdvanceWithout(const std::string& service, Duration step) = 0;

  // True as soon as `condition` holds; false where it does not come to that.
  virtual ::testing::AssertionResult Comes(const std::function<bool()>& condition) = 0;

  // The event bus is away from one to the other.
  virtual void TakeBus() = 0;
  virtual void ReturnBus() = 0;
  // The counters that replicas share forget everything; or are away from one to the other.
  virtual void FlushCounters() = 0;
  virtual void TakeCounters() = 0;
  virtual void ReturnCounters() = 0;

  template <class Response>
  Result<Response> Call(const std::string& method, const google::protobuf::Message& request,
                        Caller caller = Caller::kAdministrator) {
    auto answer = CallMessage({method, request}, caller);
    if (!answer.ok()) return answer.status();
    return Response(dynamic_cast<Response&>(**answer));
  }
};

}  // namespace crm::test
