// What HTTP says in headers and gRPC in fields, metadata or deadlines. Pure; thread-safe.
//
//   Authorization, X-API-Key        metadata of the same name
//   Idempotency-Key                 the request's request_id, where it has one
//   If-Match                        the request's etag, or that of its body
//   Last-Event-ID                   the request's cursor (streams)
//   X-Request-Timeout               the deadline, in seconds ("2.5")
//   X-Request-Id                    metadata; made here where the client sends none that is usable
#pragma once

#include <chrono>
#include <string>

#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/rpc/server.h"
#include "services/gateway/http.h"
#include "services/gateway/route_table.h"

namespace crm::gateway {

// UTF-8 JSON, or no Content-Type where there is no body. HTTP_UNSUPPORTED_MEDIA_TYPE.
Status CheckContentType(const HttpRequest& http);

// Fills the fields above. INVALID_FIELD where a header and the field disagree, INVALID_HEADER where
// a header is malformed. Quotes around an Idempotency-Key or an entity tag are taken off: etags of
// this API have none.
Status ApplyHeaders(const HttpRequest& http, const Route& route,
                    google::protobuf::Message& message);

// The value of X-Request-Timeout up to `longest`, otherwise `standard`. INVALID_HEADER where it is
// not a positive number.
Result<std::chrono::milliseconds> TimeoutOf(const HttpRequest& http,
                                            std::chrono::milliseconds standard,
                                            std::chrono::milliseconds longest);

// `ticket` stands for an Authorization header where there is none.
rpc::Metadata CredentialsOf(const HttpRequest& http, const std::string& ticket);

// 1 to 100 letters, digits and "-_.~" as sent, otherwise a new id.
std::string RequestIdOf(const HttpRequest& http, IdGenerator& ids);

// Whether an Accept header asks for server-sent events.
bool WantsEventStream(const HttpRequest& http);

}  // namespace crm::gateway
