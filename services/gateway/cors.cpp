#include "services/gateway/cors.h"

#include <algorithm>

#include "services/gateway/error_response.h"

namespace crm::gateway {
namespace {

constexpr char kAllowedHeaders[] =
    "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, traceparent, "
    "tracestate, X-API-Key, X-Request-Id, X-Request-Timeout";
constexpr char kExposedHeaders[] = "Allow, ETag, Retry-After, traceparent, X-Request-Id";

}  // namespace

bool Cors::IsPreflight(const HttpRequest& request) {
  return request.method == "OPTIONS" && request.Header("Origin") &&
         request.Header("Access-Control-Request-Method");
}

bool Cors::Allows(std::string_view origin) const {
  return std::any_of(
      options_.allowed_origins.begin(), options_.allowed_origins.end(),
      [&](const std::string& allowed) { return allowed == "*" || allowed == origin; });
}

HttpResponse Cors::Preflight(const HttpRequest& request, const std::string& methods) const {
  if (!Allows(*request.Header("Origin"))) {
    return ErrorResponse(Status(Code::kPermissionDenied, "ORIGIN_NOT_ALLOWED",
                                "Pages of this origin may not call the API. An operator can add it "
                                "to the gateway's allowed origins."));
  }
  HttpResponse response{.status = 204};
  response.SetHeader("Access-Control-Allow-Methods", methods);
  response.SetHeader("Access-Control-Allow-Headers", kAllowedHeaders);
  response.SetHeader("Access-Control-Max-Age", std::to_string(options_.max_age.count()));
  return response;
}

void Cors::Decorate(const HttpRequest& request, HttpResponse& response) const {
  if (options_.allowed_origins.empty()) return;
  response.SetHeader("Vary", "Origin");
  const auto origin = request.Header("Origin");
  if (!origin || !Allows(*origin)) return;
  response.SetHeader("Access-Control-Allow-Origin", std::string(*origin));
  response.SetHeader("Access-Control-Expose-Headers", kExposedHeaders);
}

}  // namespace crm::gateway
