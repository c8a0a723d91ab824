// How services call each other: in somebody's name, with a short token that every process of the
// installation can sign.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "libs/auth/tokens.h"
#include "libs/base/clock.h"
#include "libs/command/call.h"
#include "libs/rpc/client.h"

namespace crm::auth {

// Tokens of audience "crm-internal", good for a minute and used for half of it. Thread-safe.
class InternalTokens {
 public:
  InternalTokens(TokenSigner signer, const Clock& clock)
      : signer_(std::move(signer)), clock_(clock) {}

  std::string For(const Principal& principal);

 private:
  struct Given {
    std::string token;
    Time renew_time{};
  };

  const TokenSigner signer_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Given> given_;  // GUARDED_BY(mutex_)
};

// The proto service by whose route a method is reached: its own, but for methods that every service
// has (crm.events.v1.EventService) that of the service which the request's `source` names, so
// "crm.deals.v1.EventService".
std::string RouteOf(const std::string& method, const google::protobuf::Message& request);

// Calls any method of any service. Blocks. Thread-safe; what it is given must outlive it.
class InternalCaller {
 public:
  InternalCaller(rpc::ChannelFactory& channels, InternalTokens& tokens)
      : channels_(channels), tokens_(tokens) {}

  // `method` is "crm.leads.v1.LeadService/GetLead". Within five seconds.
  Status Call(const Principal& principal, const std::string& method,
              const google::protobuf::Message& request, google::protobuf::Message& response,
              std::stop_token stop);

 private:
  rpc::ChannelFactory& channels_;
  InternalTokens& tokens_;
};

// What handlers get: reads only, because a handler can be run again. INTERNAL for a method that is
// unknown here or not marked NO_SIDE_EFFECTS: a mistake of the programmer. Thread-safe.
class ChannelReader final : public RemoteReader {
 public:
  explicit ChannelReader(InternalCaller& caller) : caller_(caller) {}
  Status Read(const Principal& principal, const std::string& method,
              const google::protobuf::Message& request, google::protobuf::Message& response,
              std::stop_token stop) override;

 private:
  InternalCaller& caller_;
};

}  // namespace crm::auth
