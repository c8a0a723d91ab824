#include "tools/crmctl/sources.h"

#include <algorithm>
#include <array>
#include <set>

#include "tools/crmctl/method_names.h"
#include "tools/crmctl/server_types.h"

namespace crm::ctl {

namespace {

constexpr std::array kUndoOrder = {"deals",    "contacts", "inventory",
                                   "identity", "leads",    "activities"};
// Packages whose services every service has, or that keep no log.
constexpr std::array kNoSources = {"kernel", "events", "gateway"};

// "crm.leads.v1.LeadService" -> "leads"; empty for others.
std::string SourceOf(const std::string& service) {
  if (!service.starts_with("crm.")) return "";
  std::string name = service.substr(4, service.find('.', 4) - 4);
  return std::ranges::find(kNoSources, name) == kNoSources.end() ? name : "";
}

Result<rpc::RpcClient*> ClientAt(Session& session, const std::string& source) {
  auto services = session.types().Services();
  if (!services) return services.status();
  for (const auto* service : *services) {
    if (SourceOf(service->full_name()) == source) return session.ClientOf(service->full_name());
  }
  return Status(Code::kNotFound, "SOURCE_UNKNOWN", "No server at hand is '" + source + "'.")
      .With("source", source);
}

}  // namespace

Result<std::vector<std::string>> SourcesOf(Session& session) {
  auto services = session.types().Services();
  if (!services) return services.status();
  std::set<std::string> found;
  for (const auto* service : *services) found.insert(SourceOf(service->full_name()));
  found.erase("");
  std::vector<std::string> sources;
  for (const char* name : kUndoOrder) {
    if (found.erase(name) != 0) sources.emplace_back(name);
  }
  sources.insert(sources.end(), found.begin(), found.end());
  return sources;
}

Result<std::vector<std::string>> SourcesOr(Session& session,
                                           const std::vector<std::string>& given) {
  if (!given.empty()) return given;
  return SourcesOf(session);
}

Status CallAt(Session& session, const std::string& source, const std::string& method,
              const google::protobuf::Message& request, google::protobuf::Message& response) {
  auto client = ClientAt(session, source);
  if (!client) return client.status();
  return (*client)->Call(method, request, response, session.CallOptions());
}

Status CallOwner(Session& session, const std::string& name, const std::string& method,
                 const google::protobuf::Message& request, google::protobuf::Message& response) {
  auto services = session.types().Services();
  if (!services) return services.status();
  auto group = FindGroup(*services, Kebab(name.substr(0, name.find('/'))));
  if (!group) return NotFound(name);
  std::string source = SourceOf(group->front().method->service()->full_name());
  return CallAt(session, source, method, request, response);
}

Status StreamAt(Session& session, const std::string& source, const std::string& method,
                const google::protobuf::Message& request,
                const std::function<bool(const std::string&)>& on_message) {
  auto client = ClientAt(session, source);
  if (!client) return client.status();
  auto options = session.CallOptions();
  options.timeout = std::chrono::milliseconds(0);
  return (*client)->StreamBytes(method, request.SerializeAsString(), options, on_message);
}

}  // namespace crm::ctl
