// Readiness: which services answer, by their gRPC health (grpc.health.v1).
#pragma once

#include <functional>
#include <map>
#include <string>

#include "libs/base/executor.h"
#include "libs/rpc/client.h"
#include "services/gateway/route_table.h"

namespace crm::gateway {

struct Readiness {
  std::map<std::string, bool> serving;  // by proto service; without those that have no address

  // One service that is down must not take the others away: the gateway is of use as long as one
  // serves.
  bool ready() const;
  // {"status":"ok|degraded|unavailable|draining","services":{"crm.leads.v1.LeadService":"SERVING"}}
  std::string ToJson(bool draining) const;
};

// Asks the server of every service that has a route, each once and all at the same time in
// `executor`, with a deadline of one second. `done` runs once, on the thread of the last answer or,
// where there is nobody to ask, on this one.
void CheckReadiness(const RouteTable& routes, rpc::ChannelFactory& channels, Executor& executor,
                    std::function<void(Readiness)> done);

}  // namespace crm::gateway
