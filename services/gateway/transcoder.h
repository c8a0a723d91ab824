// Between an HTTP request and the message of an RPC, as google/api/http.proto says: fields of the
// path, then of the body, and the rest from the query. Pure; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "services/gateway/route_table.h"

namespace crm::gateway {

struct RequestParts {
  std::string_view query;  // without "?"
  std::string_view body;
};

// What a query may say that is not a field of the request.
struct SystemParameters {
  bool pretty_print = false;  // $prettyPrint, prettyPrint
  std::string ticket;         // of streams only: a browser's EventSource sends no headers
};

struct TranscodedRequest {
  std::unique_ptr<google::protobuf::Message> message;
  SystemParameters system;
};

// Every failure is INVALID_ARGUMENT and says which part of the request is wrong: INVALID_JSON,
// JSON_TOO_DEEP, INVALID_FIELD, HTTP_MALFORMED_URL, HTTP_UNEXPECTED_BODY (the method takes none). A
// field of the path that the body gives too must be equal. An empty body is an empty message.
Result<TranscodedRequest> ReadRequest(const RouteMatch& match, const RequestParts& parts);

// INTERNAL where the bytes are no such message.
Result<std::unique_ptr<google::protobuf::Message>> ParseResponse(const Route& route,
                                                                 const std::string& bytes);

// The response message (or its response_body field) as JSON. Fields with default values are left
// out, as proto3 does; integers of 64 bits are strings. INTERNAL where an Any holds a type that is
// not linked into this program.
Result<std::string> PrintResponse(const Route& route, const google::protobuf::Message& message,
                                  bool pretty);

}  // namespace crm::gateway
