#include "libs/rpc/method_table.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

namespace crm::rpc {

namespace {

Status BadBinding(const std::string& reason, const std::string& name, const std::string& what) {
  return Status(Code::kFailedPrecondition, reason, name + " " + what).With("name", name);
}

Status CheckNames(const ServiceBinding& binding) {
  const std::string& service = binding.descriptor->full_name();
  for (const auto& [name, handler] : binding.methods) {
    if (binding.descriptor->FindMethodByName(name) == nullptr) {
      return BadBinding("RPC_METHOD_UNKNOWN", service + "/" + name,
                        "is bound but not in the proto.");
    }
  }
  return Status::Ok();
}

}  // namespace

Result<MethodTable> MethodTable::Build(std::vector<ServiceBinding> services) {
  MethodTable table;
  for (auto& binding : services) {
    if (binding.descriptor == nullptr) {
      return BadBinding("RPC_SERVICE_UNKNOWN", "A binding", "names no service.");
    }
    const std::string& service = binding.descriptor->full_name();
    if (std::ranges::count(table.services_, service) != 0) {
      return BadBinding("RPC_SERVICE_BOUND_TWICE", service, "is bound twice.");
    }
    table.services_.push_back(service);
    if (Status names = CheckNames(binding); !names.ok()) return names;
    for (int i = 0; i < binding.descriptor->method_count(); ++i) {
      const auto* method = binding.descriptor->method(i);
      std::string name = service + "/" + method->name();
      if (method->client_streaming()) {
        return BadBinding("RPC_CLIENT_STREAMING", name, "takes a stream, which is not supported.");
      }
      auto bound = binding.methods.find(method->name());
      if (bound == binding.methods.end() || !bound->second) {
        return BadBinding("RPC_METHOD_UNBOUND", name, "is in the proto but bound to nothing.");
      }
      table.methods_.emplace(name, Method{method, std::move(bound->second)});
    }
  }
  return table;
}

const MethodTable::Method* MethodTable::Find(const std::string& name) const {
  auto found = methods_.find(name);
  return found == methods_.end() ? nullptr : &found->second;
}

}  // namespace crm::rpc
