// Cors: lets pages of the configured origins read our answers (the Fetch standard's CORS protocol).
// Not an access control: who may do what is decided by the token. Tokens travel in headers, so
// credentials mode (cookies) is never allowed.
#pragma once

#include <string>
#include <vector>

#include "services/gateway/http.h"

namespace crm::gateway {

struct CorsOptions {
  // "https://crm.example.com", or "*" for any. Empty: pages of other origins read nothing.
  std::vector<std::string> allowed_origins = {};
  std::chrono::seconds max_age = std::chrono::hours(2);
};

// Immutable; thread-safe.
class Cors {
 public:
  explicit Cors(CorsOptions options) : options_(std::move(options)) {}

  // An OPTIONS request by which a browser asks before the real one.
  static bool IsPreflight(const HttpRequest& request);
  // `methods` ("GET, POST") are those of the address; 403 for an origin that is not allowed.
  HttpResponse Preflight(const HttpRequest& request, const std::string& methods) const;
  // Adds to an answer what the browser needs to show it to the page.
  void Decorate(const HttpRequest& request, HttpResponse& response) const;

 private:
  bool Allows(std::string_view origin) const;

  const CorsOptions options_;
};

}  // namespace crm::gateway
