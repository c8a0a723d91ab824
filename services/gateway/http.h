// What an HTTP request, a response and the exchange of the two are to the gateway. No library's
// type appears here.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crm::gateway {

// In order, names as written. Names are compared without regard to case.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;  // "/v1/leads?page_size=5"
  Headers headers;
  std::string body;
  std::string peer;  // "203.0.113.7"

  // The first header of that name.
  std::optional<std::string_view> Header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  Headers headers = {};
  std::string body = {};

  // Replaces a header of that name.
  void SetHeader(std::string name, std::string value);
  std::optional<std::string_view> Header(std::string_view name) const;
};

struct StreamOptions {
  // The head is sent with the first chunk or after this delay, whichever is earlier. Until then an
  // end can still be a response with a status of its own.
  std::chrono::milliseconds open_after{300};
  // Sent whenever nothing else was for so long; empty: nothing is.
  std::string heartbeat = {};
  std::chrono::milliseconds heartbeat_interval = std::chrono::seconds(15);
};

// One request and what is said to it: either Respond() once, or OpenStream(), Write() as often as
// needed and EndStream() once. Thread-safe against the connection, but used by one thread at a
// time; may outlive the client, in which case what is sent goes nowhere. Dropping it unanswered
// answers 500.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual const HttpRequest& request() const = 0;
  // Requested when the client has gone and, for streams, when the server drains.
  virtual std::stop_token stop_token() const = 0;

  virtual void Respond(HttpResponse response) = 0;

  // `head.body` is not used.
  virtual void OpenStream(HttpResponse head, StreamOptions options) = 0;
  // Blocks while the client is slow. False: nobody reads any more.
  virtual bool Write(std::string chunk) = 0;
  // Ends with `instead` where the head has not been sent, otherwise with `tail` as the last chunk.
  virtual void EndStream(HttpResponse instead, std::string tail) = 0;
};

// Runs on a thread that serves connections: it must not block.
using HttpHandler = std::function<void(std::shared_ptr<HttpExchange>)>;

bool EqualsIgnoringCase(std::string_view a, std::string_view b);

// Status line and headers with the empty line after them. Control characters in values become
// spaces, so that no value can start a header of its own.
std::string FormatHead(const HttpResponse& response);

// "Sun, 22 Nov 2026 04:29:17 GMT".
std::string FormatHttpDate(std::chrono::sys_seconds time);

}  // namespace crm::gateway
