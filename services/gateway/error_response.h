// How a Status looks over HTTP: Google's canonical status codes and
//   {"error":{"code":400,"message":"...","status":"INVALID_ARGUMENT","details":[{"@type":"...ErrorInfo",...}]}}
// Pure; thread-safe.
#pragma once

#include <string>

#include "libs/base/status.h"
#include "services/gateway/http.h"

namespace crm::gateway {

// The canonical mapping; the gateway's own reasons that HTTP has a code for
// (HTTP_METHOD_NOT_ALLOWED 405, HTTP_REQUEST_TIMEOUT 408, HTTP_BODY_TOO_LARGE 413,
// HTTP_UNSUPPORTED_MEDIA_TYPE 415, HTTP_HEADER_TOO_LARGE 431) have that. 200 for OK.
int HttpStatusOf(const Status& status);

// One line.
std::string ErrorJson(const Status& status);

// With Content-Type and, where they apply, Retry-After (429, 503; whole seconds, rounded up), Allow
// and WWW-Authenticate.
HttpResponse ErrorResponse(const Status& status);

}  // namespace crm::gateway
