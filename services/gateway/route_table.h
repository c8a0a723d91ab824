// RouteTable: which RPC a method and a path mean, from the google.api.http options of the services'
// protos. No code per route.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "services/gateway/field_path.h"
#include "services/gateway/path_template.h"

namespace google::api {
class HttpRule;
}

namespace crm::gateway {

// One binding of one method.
struct Route {
  std::string http_method;  // "GET"; "*" for any
  PathTemplate path;
  const google::protobuf::MethodDescriptor* method = nullptr;
  // The field of the request that each variable of the path sets.
  std::vector<FieldPath> variables;
  bool whole_body = false;                                        // body: "*"
  const google::protobuf::FieldDescriptor* body_field = nullptr;  // body: "lead"
  // Not null: the HTTP body is this field of the response alone.
  const google::protobuf::FieldDescriptor* response_field = nullptr;

  bool has_body() const { return whole_body || body_field != nullptr; }
  // "crm.leads.v1.LeadService/GetLead", as RpcClient wants it.
  std::string RpcName() const;
};

struct RouteMatch {
  const Route* route;               // owned by the table
  std::vector<std::string> values;  // of route->variables
};

// Immutable and thread-safe once built.
class RouteTable {
 public:
  // Fails, naming the method, where a rule is malformed, names a field that is not there or of a
  // wrong kind, streams from the client, or claims a path that another method has. Methods without
  // a rule are not reachable.
  static Result<RouteTable> Build(
      const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  // The route for a request. `path` is percent-encoded and without query. NOT_FOUND
  // (HTTP_ROUTE_NOT_FOUND), UNIMPLEMENTED (HTTP_METHOD_NOT_ALLOWED, metadata `allow`), or
  // INVALID_ARGUMENT (HTTP_MALFORMED_URL). HEAD is served where GET is.
  Result<RouteMatch> Find(std::string_view http_method, std::string_view path) const;

  // "GET, HEAD, PATCH" for a path; empty where no route has it.
  std::string AllowedMethods(std::string_view path) const;

  // Most specific first.
  const std::vector<Route>& routes() const { return routes_; }

 private:
  Status AddMethod(const google::protobuf::MethodDescriptor& method);
  Status AddRule(const google::protobuf::MethodDescriptor& method,
                 const google::api::HttpRule& rule);
  Status Finish();
  RequestPath Split(std::string_view path) const;
  const Route* FindRoute(std::string_view http_method, const RequestPath& path,
                         std::vector<std::string>& values) const;

  std::vector<Route> routes_;
  std::vector<std::string> verbs_;  // sorted
};

// All services linked into this program whose full name starts with `prefix` ("crm."), by name.
std::vector<const google::protobuf::ServiceDescriptor*> LinkedServices(std::string_view prefix);

}  // namespace crm::gateway
