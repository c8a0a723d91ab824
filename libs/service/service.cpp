#include "libs/service/service.h"

#include <algorithm>
#include <map>
#include <set>

namespace crm {

namespace {

using Graph = std::map<std::string, std::vector<std::string>>;

// The path from `service` back to one that is on it already, or nothing.
std::vector<std::string> FindCycle(const Graph& graph, const std::string& service,
                                   std::vector<std::string> path, std::set<std::string>& done) {
  auto seen = std::find(path.begin(), path.end(), service);
  path.push_back(service);
  if (seen != path.end() - 1 && std::count(path.begin(), path.end(), service) > 1) return path;
  if (done.contains(service)) return {};
  auto asked = graph.find(service);
  if (asked != graph.end()) {
    for (const auto& next : asked->second) {
      auto cycle = FindCycle(graph, next, path, done);
      if (!cycle.empty()) return cycle;
    }
  }
  done.insert(service);
  return {};
}

}  // namespace

std::vector<const google::protobuf::ServiceDescriptor*> ServiceDefinition::services() const {
  std::vector<const google::protobuf::ServiceDescriptor*> found;
  for (const auto& binding : methods) {
    const auto* service = binding.method->service();
    if (std::find(found.begin(), found.end(), service) == found.end()) found.push_back(service);
  }
  return found;
}

Status CheckAllBound(const ServiceDefinition& definition) {
  std::set<const google::protobuf::MethodDescriptor*> bound;
  for (const auto& binding : definition.methods) bound.insert(binding.method);
  for (const auto* service : definition.services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      if (bound.contains(service->method(i))) continue;
      return FailedPrecondition("METHOD_UNBOUND", service->method(i)->full_name() +
                                                      " has no handler: Methods() of the service " +
                                                      definition.name + " must bind one");
    }
  }
  return Status::Ok();
}

Status CheckNoCycles(const std::vector<ServiceDefinition>& services) {
  Graph graph;
  for (const auto& service : services) graph[service.name] = service.asks;
  std::set<std::string> done;
  for (const auto& [name, asks] : graph) {
    auto cycle = FindCycle(graph, name, {}, done);
    if (cycle.empty()) continue;
    std::string text;
    for (const auto& step : cycle) text += (text.empty() ? "" : " -> ") + step;
    return FailedPrecondition("SERVICE_CYCLE", "Services ask each other in a circle: " + text);
  }
  return Status::Ok();
}

}  // namespace crm
