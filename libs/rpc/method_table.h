// MethodTable: which function answers which method. Private to libs/rpc.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "libs/rpc/server.h"

namespace crm::rpc {

// Immutable after Build.
class MethodTable {
 public:
  struct Method {
    const google::protobuf::MethodDescriptor* descriptor;
    Handler handler;
  };

  // FAILED_PRECONDITION where the bindings do not fit the protos: see RpcServer::Create.
  static Result<MethodTable> Build(std::vector<ServiceBinding> services);

  // `name` is "crm.leads.v1.LeadService/GetLead". Null where it is not bound.
  const Method* Find(const std::string& name) const;
  const std::vector<std::string>& services() const { return services_; }

 private:
  std::unordered_map<std::string, Method> methods_;
  std::vector<std::string> services_;
};

}  // namespace crm::rpc
