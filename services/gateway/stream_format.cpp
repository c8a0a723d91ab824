#include "services/gateway/stream_format.h"

#include "services/gateway/error_response.h"
#include "services/gateway/transcoder.h"

namespace crm::gateway {
namespace {

// How long a browser waits before it connects again.
constexpr char kRetry[] = "retry: 2000\n\n";

std::string EventId(const google::protobuf::Message& message) {
  for (const char* name : {"cursor", "id"}) {
    const auto* field = FindStringField(*message.GetDescriptor(), name);
    if (field == nullptr) continue;
    std::string id = message.GetReflection()->GetString(message, field);
    if (!id.empty() && id.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos)
      return id;
  }
  return "";
}

}  // namespace

HttpResponse StreamFormat::Head() const {
  HttpResponse head;
  head.SetHeader("Content-Type", server_sent_events_ ? "text/event-stream; charset=utf-8"
                                                     : "application/x-ndjson; charset=utf-8");
  // nginx would collect the stream into a buffer.
  head.SetHeader("X-Accel-Buffering", "no");
  return head;
}

std::string StreamFormat::Heartbeat() const {
  return server_sent_events_ ? ":\n\n" : "";
}

Result<std::string> StreamFormat::Message(const std::string& bytes) {
  auto message = ParseResponse(route_, bytes);
  if (!message) return message.status();
  auto json = PrintResponse(route_, **message, false);
  if (!json) return json.status();
  if (!server_sent_events_) return *json + "\n";
  std::string event = std::exchange(first_, false) ? kRetry : "";
  if (const std::string id = EventId(**message); !id.empty()) event += "id: " + id + "\n";
  return event + "data: " + *json + "\n\n";
}

std::string StreamFormat::Failure(const Status& status) const {
  const std::string json = ErrorJson(status);
  return server_sent_events_ ? "event: failure\ndata: " + json + "\n\n" : json + "\n";
}

}  // namespace crm::gateway
