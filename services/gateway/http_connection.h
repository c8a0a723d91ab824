// HttpConnection: one client's connection and the requests that come over it, one after the other.
// Private to the HTTP server.
#pragma once

#include <memory>

#include "services/gateway/http_server.h"
#include "services/gateway/transport.h"

namespace crm::gateway {

struct ConnectionSetup {
  HttpServerOptions options;
  HttpHandler handler;
  const Clock& clock;
};

// Thread-safe: everything is posted to the stream's strand. Lives as long as its socket is open or
// an exchange is held.
class HttpConnection {
 public:
  // `slot` is dropped when the socket is closed.
  static std::shared_ptr<HttpConnection> Make(std::unique_ptr<ByteStream> stream,
                                              std::shared_ptr<const ConnectionSetup> setup,
                                              std::shared_ptr<void> slot);
  virtual ~HttpConnection() = default;

  virtual void Start() = 0;
  // Ends streams and an idle connection now, anything else after the answer under way.
  virtual void Drain() = 0;
  virtual void Abort() = 0;
};

}  // namespace crm::gateway
