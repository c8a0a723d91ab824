// Methods that every service has (crm.events.v1.EventService): in a process with several services a
// call goes to the one that its request speaks of.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/rpc/server.h"

namespace google::protobuf {
class Message;
}

namespace crm {

// The service that a request names: its field `source` ("leads"), or the owner of the collection
// that its `subject` or `name` begins with. Empty: none.
std::string ServiceOf(const google::protobuf::Message& request,
                      const std::map<std::string, std::string>& service_by_collection);

// Joins the bindings of several services. A proto service that only one of them binds stays as it
// is; one that several bind is routed by ServiceOf. Where that is none of them the first one gets
// the call, and refuses it when it knows who calls.
std::vector<rpc::ServiceBinding> JoinBindings(
    const std::map<std::string, std::vector<rpc::ServiceBinding>>& by_service,
    const std::map<std::string, std::string>& service_by_collection);

}  // namespace crm
