// Simulation: whole services in one thread, on memory and a virtual clock. The same definitions
// that ServiceHost runs on PostgreSQL and Kafka; what threads, brokers and networks decide
// elsewhere, a seed decides here: which call goes on next, when a group is committed, in which
// order subjects' events arrive (each subject's own stay in order) and which of them come twice.
//
//   Simulation world({leads::Definition(), activities::Definition()}, seed);
//   auto lead = world.Call<Lead>("crm.leads.v1.LeadService/CreateLead", request, user);
//   world.AdvanceTo(world.clock().Now() + std::chrono::minutes(20));   // fires what is due on the
//   way EXPECT_EQ(world.LogHash(), ...);                                   // the same for the same
//   seed
//
// One thread. Throws std::runtime_error where a test asks for what is not there.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/service/service.h"
#include "libs/testing/clock.h"

namespace crm::test {

class Simulation {
 public:
  Simulation(std::vector<ServiceDefinition> services, uint64_t seed);
  ~Simulation();

  // A caller in `tenant` who may do everything.
  static Principal Admin(const Uuid& tenant);

  struct Request {
    std::string method;  // "crm.leads.v1.LeadService/GetLead"
    const google::protobuf::Message* message;
  };
  using Answer = Result<std::unique_ptr<google::protobuf::Message>>;

  // The answers, in the order of the requests, which are made before any of them is worked on;
  // other work goes on meanwhile, in the seed's order. Of what every service has (EventService) a
  // request reaches the one that it names.
  std::vector<Answer> CallTogether(const std::vector<Request>& requests, const Principal& as);
  Answer CallMessage(const std::string& method, const google::protobuf::Message& request,
                     const Principal& as);
  template <class Response>
  Result<Response> Call(const std::string& method, const google::protobuf::Message& request,
                        const Principal& as) {
    auto response = CallMessage(method, request, as);
    if (!response.ok()) return response.status();
    return Response(dynamic_cast<Response&>(**response));
  }

  // While held, events stay where they are, as with the bus away.
  void HoldEvents(bool held);
  // Until nothing is left to do at this moment. An event that keeps failing is left for the next
  // time.
  void RunUntilIdle();
  // RunUntilIdle at every moment up to `time` at which a timer is due, then at `time`.
  void AdvanceTo(Time time);

  ManualClock& clock();
  Store& store(std::string_view service);
  // Of all logs: equal where the same happened in the same order.
  std::string LogHash() const;
  // "leads.on_deals deals/0190...@2", in the order in which they were brought.
  const std::vector<std::string>& deliveries() const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::test
