// HttpServer: HTTP/1.1 over TCP or TLS. It knows bytes, limits and time; what a request means is
// its handler's business.
//
// Every connection has one strand. A client that is slow with its header, its body or its reading
// is cut off; a malformed or oversized request gets a typed error and the connection ends. While a
// request is worked on the connection is watched, so a client that goes away cancels the work.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "services/gateway/http.h"

namespace crm::gateway {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: the system chooses
  int threads = 2;
  // Above it a connection is answered 503 and closed.
  size_t max_connections = 4096;
  size_t max_header_bytes = 16 << 10;
  size_t max_body_bytes = 4 << 20;
  // For a whole header (with the TLS handshake before it), a whole body, the pause between two
  // requests, and for each piece of an answer.
  std::chrono::milliseconds header_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds body_timeout = std::chrono::seconds(30);
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(60);
  std::chrono::milliseconds write_timeout = std::chrono::seconds(30);
  // Told of every request that never got to the handler; its reason starts with HTTP_. Must be
  // quick.
  std::function<void(const Status&)> on_refused = [](const Status&) {};
  // PEM files; empty: no TLS.
  std::string certificate_file = {}, key_file = {};
};

// Thread-safe.
class HttpServer {
 public:
  // Listens, but serves from Start() on. `clock` (for the Date header) outlives the server. Fails
  // where the address is taken or a certificate cannot be read.
  static Result<std::unique_ptr<HttpServer>> Create(HttpServerOptions options, HttpHandler handler,
                                                    const Clock& clock);
  // Drains without patience. Exchanges that are still held may be used (to no effect) until then,
  // not after.
  virtual ~HttpServer() = default;

  virtual void Start() = 0;
  virtual int port() const = 0;
  // Open connections.
  virtual size_t connections() const = 0;
  // Accepts no more, ends streams and idle connections, lets requests under way finish for up to
  // `patience`, then closes the rest. Idempotent.
  virtual void Drain(std::chrono::milliseconds patience) = 0;
};

}  // namespace crm::gateway
