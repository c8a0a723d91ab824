// Backends: which process a call goes to. For most methods that is the one that owns the proto
// service. EventService and OperationsService are bound by every service; their calls go to the one
// that the request names by `source` or by the collection of `subject`.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "google/protobuf/message.h"
#include "libs/base/status.h"
#include "libs/rpc/client.h"

namespace crm::gateway {

// Immutable and thread-safe; `channels` outlives it.
class Backends {
 public:
  // Learns from the linked protos which package owns which collection.
  explicit Backends(rpc::ChannelFactory& channels);

  // INVALID_FIELD for a source that is no service, NOT_FOUND for a subject of no known collection,
  // UNAVAILABLE where no address is known.
  Result<std::shared_ptr<rpc::RpcClient>> ForCall(const google::protobuf::MethodDescriptor& method,
                                                  const google::protobuf::Message& request) const;

  // "crm.leads.v1.LeadService" itself, or "crm.leads.v1.EventService" for an event call to leads.
  Result<std::string> OwnerOf(const google::protobuf::MethodDescriptor& method,
                              const google::protobuf::Message& request) const;

 private:
  rpc::ChannelFactory& channels_;
  std::map<std::string, std::string> package_of_source_;      // "leads" -> "crm.leads.v1"
  std::map<std::string, std::string> package_of_collection_;  // "companies" -> "crm.contacts.v1"
};

}  // namespace crm::gateway
