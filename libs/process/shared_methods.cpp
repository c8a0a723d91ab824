#include "libs/process/shared_methods.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>

#include "libs/rpc/descriptors.h"

namespace crm {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::ServiceDescriptor;

namespace {

std::string TextOf(const Message& request, const char* name) {
  const auto* field = request.GetDescriptor()->FindFieldByName(name);
  bool text = field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
              !field->is_repeated();
  return text ? request.GetReflection()->GetString(request, field) : std::string();
}

rpc::Handler Route(std::map<std::string, rpc::Handler> handlers,
                   std::map<std::string, std::string> service_by_collection) {
  return [handlers = std::move(handlers),
          collections = std::move(service_by_collection)](std::shared_ptr<rpc::ServerCall> call) {
    auto request = rpc::NewMessage(call->method().input_type());
    // A request that cannot be read names no service either.
    std::string service;
    if (request->ParseFromString(call->request())) service = ServiceOf(*request, collections);
    // Where none is named, any will refuse it: after it has found out who calls.
    auto handler = handlers.find(service);
    if (handler == handlers.end()) handler = handlers.begin();
    handler->second(std::move(call));
  };
}

}  // namespace

std::string ServiceOf(const Message& request,
                      const std::map<std::string, std::string>& service_by_collection) {
  std::string source = TextOf(request, "source");
  if (!source.empty()) return source;
  for (const char* field : {"subject", "name"}) {
    std::string name = TextOf(request, field);
    auto owner = service_by_collection.find(name.substr(0, name.find('/')));
    if (owner != service_by_collection.end()) return owner->second;
  }
  return {};
}

std::vector<rpc::ServiceBinding> JoinBindings(
    const std::map<std::string, std::vector<rpc::ServiceBinding>>& by_service,
    const std::map<std::string, std::string>& service_by_collection) {
  std::map<const ServiceDescriptor*, std::map<std::string, rpc::ServiceBinding>> owners;
  for (const auto& [service, bindings] : by_service) {
    for (const auto& binding : bindings) owners[binding.descriptor][service] = binding;
  }
  std::vector<rpc::ServiceBinding> joined;
  for (const auto& [descriptor, services] : owners) {
    if (services.size() == 1) {
      joined.push_back(services.begin()->second);
      continue;
    }
    rpc::ServiceBinding routed{descriptor, {}};
    for (const auto& [method, unused] : services.begin()->second.methods) {
      std::map<std::string, rpc::Handler> handlers;
      for (const auto& [service, binding] : services)
        handlers[service] = binding.methods.at(method);
      routed.methods[method] = Route(std::move(handlers), service_by_collection);
    }
    joined.push_back(std::move(routed));
  }
  return joined;
}

}  // namespace crm
