#include "services/gateway/route_table.h"

#include <algorithm>
#include <set>

#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor_database.h"
#include "services/gateway/url.h"

namespace crm::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

Status BadRule(const MethodDescriptor& method, const std::string& why) {
  return FailedPrecondition("INVALID_HTTP_RULE",
                            "google.api.http of " + method.full_name() + ": " + why);
}

// HTTP method and path of a rule; both empty where the rule has no pattern.
std::pair<std::string, std::string> Pattern(const google::api::HttpRule& rule) {
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      return {"GET", rule.get()};
    case google::api::HttpRule::kPut:
      return {"PUT", rule.put()};
    case google::api::HttpRule::kPost:
      return {"POST", rule.post()};
    case google::api::HttpRule::kDelete:
      return {"DELETE", rule.delete_()};
    case google::api::HttpRule::kPatch:
      return {"PATCH", rule.patch()};
    case google::api::HttpRule::kCustom:
      return {rule.custom().kind(), rule.custom().path()};
    case google::api::HttpRule::PATTERN_NOT_SET:
      break;
  }
  return {};
}

Status ResolveVariables(Route& route) {
  std::set<std::string> seen;
  for (const auto& variable : route.path.variables()) {
    auto path = ResolveFieldPath(*route.method->input_type(), variable.field_path);
    if (!path) return BadRule(*route.method, path.status().message());
    const FieldDescriptor* leaf = path->back();
    if (leaf->is_repeated() || leaf->message_type() != nullptr) {
      return BadRule(*route.method, "path variable \"" + variable.field_path +
                                        "\" must be a single field of a primitive type");
    }
    if (!seen.insert(ToString(*path)).second) {
      return BadRule(*route.method, "path variable \"" + variable.field_path + "\" occurs twice");
    }
    route.variables.push_back(*std::move(path));
  }
  return {};
}

Status ResolveBodies(Route& route, const google::api::HttpRule& rule) {
  route.whole_body = rule.body() == "*";
  if (!rule.body().empty() && !route.whole_body) {
    route.body_field = route.method->input_type()->FindFieldByName(rule.body());
    if (route.body_field == nullptr) {
      return BadRule(*route.method, "body \"" + rule.body() + "\" is not a field of the request");
    }
  }
  if (!rule.response_body().empty()) {
    route.response_field = route.method->output_type()->FindFieldByName(rule.response_body());
    if (route.response_field == nullptr) {
      return BadRule(*route.method, "response_body \"" + rule.response_body() +
                                        "\" is not a field of the response");
    }
  }
  return {};
}

// A rule for one HTTP method is more specific than one for any.
std::string SortKey(const Route& route) {
  return route.path.specificity() + (route.http_method == "*" ? "~" : "!") + route.path.Shape() +
         " " + route.http_method;
}

}  // namespace

std::string Route::RpcName() const {
  return method->service()->full_name() + "/" + method->name();
}

Result<RouteTable> RouteTable::Build(const std::vector<const ServiceDescriptor*>& services) {
  RouteTable table;
  for (const auto* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      if (auto status = table.AddMethod(*service->method(i)); !status.ok()) return status;
    }
  }
  if (auto status = table.Finish(); !status.ok()) return status;
  return table;
}

Status RouteTable::AddMethod(const MethodDescriptor& method) {
  if (!method.options().HasExtension(google::api::http)) return {};
  if (method.client_streaming()) {
    return BadRule(method, "a stream from the client has no HTTP form; remove the option");
  }
  const auto& rule = method.options().GetExtension(google::api::http);
  if (auto status = AddRule(method, rule); !status.ok()) return status;
  for (const auto& binding : rule.additional_bindings()) {
    if (binding.additional_bindings_size() > 0) {
      return BadRule(method, "additional_bindings cannot be nested");
    }
    if (auto status = AddRule(method, binding); !status.ok()) return status;
  }
  return {};
}

Status RouteTable::AddRule(const MethodDescriptor& method, const google::api::HttpRule& rule) {
  auto [http_method, path] = Pattern(rule);
  if (http_method.empty()) return BadRule(method, "it names no HTTP method");
  auto parsed = PathTemplate::Parse(path);
  if (!parsed) return BadRule(method, parsed.status().message());
  Route route;
  route.http_method = http_method;
  route.path = *std::move(parsed);
  route.method = &method;
  if (auto status = ResolveVariables(route); !status.ok()) return status;
  if (auto status = ResolveBodies(route, rule); !status.ok()) return status;
  routes_.push_back(std::move(route));
  return {};
}

Status RouteTable::Finish() {
  std::stable_sort(routes_.begin(), routes_.end(),
                   [](const Route& a, const Route& b) { return SortKey(a) < SortKey(b); });
  const auto twins =
      std::adjacent_find(routes_.begin(), routes_.end(),
                         [](const Route& a, const Route& b) { return SortKey(a) == SortKey(b); });
  if (twins != routes_.end()) {
    return BadRule(*(twins + 1)->method, "\"" + twins->http_method + " " + twins->path.text() +
                                             "\" is already that of " + twins->method->full_name());
  }
  std::set<std::string> verbs;
  for (const auto& route : routes_) {
    if (!route.path.verb().empty()) verbs.insert(route.path.verb());
  }
  verbs_.assign(verbs.begin(), verbs.end());
  return {};
}

// Only a verb that some template has is cut off: in "leads/a:b" the colon belongs to the id.
RequestPath RouteTable::Split(std::string_view path) const {
  RequestPath out;
  if (path.empty() || path.front() != '/') return out;
  path.remove_prefix(1);
  const size_t colon = path.rfind(':');
  if (colon != std::string_view::npos && path.find('/', colon) == std::string_view::npos &&
      std::binary_search(verbs_.begin(), verbs_.end(), path.substr(colon + 1))) {
    out.verb = path.substr(colon + 1);
    path = path.substr(0, colon);
  }
  while (true) {
    const size_t slash = path.find('/');
    out.segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

const Route* RouteTable::FindRoute(std::string_view http_method, const RequestPath& path,
                                   std::vector<std::string>& values) const {
  for (const auto& route : routes_) {
    if (route.http_method != http_method && route.http_method != "*") continue;
    if (auto found = route.path.Match(path)) {
      values = *std::move(found);
      return &route;
    }
  }
  return nullptr;
}

Result<RouteMatch> RouteTable::Find(std::string_view http_method, std::string_view path) const {
  if (auto decoded = PercentDecode(path); !decoded) return decoded.status();
  const RequestPath parts = Split(path);
  RouteMatch match;
  match.route = FindRoute(http_method, parts, match.values);
  if (match.route == nullptr && http_method == "HEAD") {
    match.route = FindRoute("GET", parts, match.values);
  }
  if (match.route != nullptr) return match;
  if (const std::string allow = AllowedMethods(path); !allow.empty()) {
    return Status(Code::kUnimplemented, "HTTP_METHOD_NOT_ALLOWED",
                  "This address does not take " + std::string(http_method) + ". It takes " + allow +
                      ".")
        .With("allow", allow);
  }
  return Status(
      Code::kNotFound, "HTTP_ROUTE_NOT_FOUND",
      "No method has this address. Addresses have no trailing slash; see the API reference.");
}

std::string RouteTable::AllowedMethods(std::string_view path) const {
  const RequestPath parts = Split(path);
  std::set<std::string> methods;
  for (const auto& route : routes_) {
    if (route.http_method != "*" && route.path.Match(parts)) methods.insert(route.http_method);
  }
  if (methods.count("GET") > 0) methods.insert("HEAD");
  std::string allow;
  for (const auto& method : methods) allow += (allow.empty() ? "" : ", ") + method;
  return allow;
}

std::vector<const ServiceDescriptor*> LinkedServices(std::string_view prefix) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  // The pool itself loads lazily and cannot be listed.
  std::vector<std::string> files;
  google::protobuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::vector<const ServiceDescriptor*> services;
  for (const auto& name : files) {
    const auto* file = pool->FindFileByName(name);
    if (file == nullptr || !(file->package() + ".").starts_with(prefix)) continue;
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  std::sort(services.begin(), services.end(),
            [](const auto* a, const auto* b) { return a->full_name() < b->full_name(); });
  return services;
}

}  // namespace crm::gateway
