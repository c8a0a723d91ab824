// RequestParser: bytes of a connection to requests, within bounds. Private to the HTTP server.
#pragma once

#include <memory>
#include <span>

#include "libs/base/status.h"
#include "services/gateway/http.h"

namespace crm::gateway {

// Not thread-safe. What is read goes into Space() and is told by Commit(); Parse() uses as much of
// it as belongs to the request begun last and keeps the rest, which a client has sent ahead.
class RequestParser {
 public:
  RequestParser(size_t max_header_bytes, size_t max_body_bytes);
  ~RequestParser();

  std::span<char> Space();
  void Commit(size_t bytes);
  size_t buffered() const;
  void DropBuffered();

  // Forgets the last request.
  void Begin();
  // HTTP_MALFORMED, HTTP_HEADER_TOO_LARGE or HTTP_BODY_TOO_LARGE; after that the connection is of
  // no further use.
  Status Parse();

  // The first byte of the request was there.
  bool started() const;
  bool header_done() const;
  bool done() const;

  // What the header says; false before header_done().
  bool is_head() const;
  bool keeps_alive() const;
  bool understands_chunks() const;  // HTTP/1.1
  // The client sends the body only after "100 Continue".
  bool awaits_continue() const;

  // Once, when done(). `peer` is left empty.
  HttpRequest Take();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace crm::gateway
