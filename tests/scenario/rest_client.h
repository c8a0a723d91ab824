// RestClient: calls methods the way a front end does, over HTTP and JSON, and knows nothing of them
// but the google.api.http options that partners read too.
#pragma once

#include <memory>
#include <string>

#include "google/protobuf/message.h"
#include "libs/base/status.h"

namespace crm::test {

// Each call has a connection of its own, so threads may share a client.
class RestClient {
 public:
  // `port` on loopback; `api_key` may be empty.
  RestClient(int port, std::string api_key) : port_(port), api_key_(std::move(api_key)) {}

  // "crm.leads.v1.LeadService/GetLead", which must be linked into this program and have a route.
  // The error as its JSON says it; UNAVAILABLE (NO_ANSWER) where none came.
  Result<std::unique_ptr<google::protobuf::Message>> Call(
      const std::string& method, const google::protobuf::Message& request) const;

 private:
  const int port_;
  const std::string api_key_;
};

}  // namespace crm::test
