// StreamFormat: how the messages of a stream are written, as lines of JSON (application/x-ndjson)
// or as server-sent events.
//
// A server-sent event is the message as JSON, with its `cursor` (or else its `id`) as the event's
// id, so that a browser that reconnects says in Last-Event-ID where it was. A failure in the middle
// is the last line, {"error": ...}, or an event named "failure" (an EventSource keeps the name
// "error" for itself).
#pragma once

#include <string>

#include "services/gateway/http.h"
#include "services/gateway/route_table.h"

namespace crm::gateway {

// One stream. Not thread-safe.
class StreamFormat {
 public:
  StreamFormat(const Route& route, bool server_sent_events)
      : route_(route), server_sent_events_(server_sent_events) {}

  // Status 200 with the headers of the form.
  HttpResponse Head() const;
  // A comment that keeps the connection alive through proxies. Lines of JSON have none.
  std::string Heartbeat() const;
  // INTERNAL where the bytes are no such message.
  Result<std::string> Message(const std::string& bytes);
  std::string Failure(const Status& status) const;

 private:
  const Route& route_;
  const bool server_sent_events_;
  bool first_ = true;
};

}  // namespace crm::gateway
