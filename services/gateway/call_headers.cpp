#include "services/gateway/call_headers.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace crm::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string_view Trim(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

Status InvalidHeader(const std::string& name, const std::string& why) {
  return InvalidArgument("INVALID_HEADER", "The header " + name + " is invalid: " + why + ".")
      .With("header", name);
}

std::string Unquote(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

Status SetOnce(Message& message, const FieldDescriptor& field, const std::string& value,
               const std::string& header) {
  const auto* access = message.GetReflection();
  const std::string given = access->GetString(message, &field);
  if (!given.empty() && given != value) {
    return InvalidField(field.name(), "the header " + header + " says otherwise; send one of them");
  }
  access->SetString(&message, &field, value);
  return {};
}

Status ApplyIfMatch(std::string_view header, const Route& route, Message& message) {
  const std::string_view tag = Trim(header);
  if (tag == "*") return {};
  const bool one_strong_tag = tag.size() > 2 && tag.front() == '"' && tag.back() == '"' &&
                              tag.find('"', 1) == tag.size() - 1;
  if (!one_strong_tag) {
    return InvalidHeader("If-Match", "expected one strong entity tag in quotes, like \"v3\", or *");
  }
  if (const auto* field = FindStringField(*message.GetDescriptor(), "etag")) {
    return SetOnce(message, *field, Unquote(tag), "If-Match");
  }
  const auto* body = route.body_field;
  if (body == nullptr || body->message_type() == nullptr || body->is_repeated()) return {};
  const auto* field = FindStringField(*body->message_type(), "etag");
  if (field == nullptr) return {};
  return SetOnce(*message.GetReflection()->MutableMessage(&message, body), *field, Unquote(tag),
                 "If-Match");
}

bool IsUnreserved(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("-_.~").find(c) != std::string_view::npos;
}

}  // namespace

Status CheckContentType(const HttpRequest& http) {
  if (http.body.empty()) return {};
  const std::string_view type = http.Header("Content-Type").value_or("");
  const size_t semicolon = std::min(type.find(';'), type.size());
  const std::string parameters(type.substr(semicolon));
  const bool is_json = EqualsIgnoringCase(Trim(type.substr(0, semicolon)), "application/json");
  std::string lower;
  for (const char c : parameters) lower += static_cast<char>(std::tolower(c));
  const bool other_charset =
      lower.find("charset=") != std::string::npos && lower.find("utf-8") == std::string::npos;
  if (is_json && !other_charset) return {};
  return InvalidArgument("HTTP_UNSUPPORTED_MEDIA_TYPE",
                         "Send the body as JSON in UTF-8 with \"Content-Type: application/json\".");
}

Status ApplyHeaders(const HttpRequest& http, const Route& route, Message& message) {
  const auto& type = *message.GetDescriptor();
  if (const auto key = http.Header("Idempotency-Key")) {
    const auto* field = FindStringField(type, "request_id");
    const std::string value = Unquote(Trim(*key));
    if (value.empty()) return InvalidHeader("Idempotency-Key", "it is empty");
    if (field != nullptr) {
      if (auto status = SetOnce(message, *field, value, "Idempotency-Key"); !status.ok()) {
        return status;
      }
    }
  }
  if (const auto tag = http.Header("If-Match")) {
    if (auto status = ApplyIfMatch(*tag, route, message); !status.ok()) return status;
  }
  const auto last = http.Header("Last-Event-ID");
  const auto* cursor = FindStringField(type, "cursor");
  if (last && !last->empty() && cursor != nullptr && route.method->server_streaming()) {
    // A browser that reconnects repeats the address with its old cursor.
    message.GetReflection()->SetString(&message, cursor, std::string(*last));
  }
  return {};
}

Result<std::chrono::milliseconds> TimeoutOf(const HttpRequest& http,
                                            std::chrono::milliseconds standard,
                                            std::chrono::milliseconds longest) {
  const auto header = http.Header("X-Request-Timeout");
  if (!header) return standard;
  const std::string_view text = Trim(*header);
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(seconds) ||
      seconds <= 0) {
    return InvalidHeader("X-Request-Timeout", "expected a positive number of seconds, like 2.5");
  }
  const double longest_seconds = std::chrono::duration<double>(longest).count();
  const std::chrono::duration<double> timeout(std::min(seconds, longest_seconds));
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(timeout),
                  std::chrono::milliseconds(1));
}

rpc::Metadata CredentialsOf(const HttpRequest& http, const std::string& ticket) {
  rpc::Metadata metadata;
  if (const auto token = http.Header("Authorization")) {
    metadata.emplace("authorization", *token);
  } else if (!ticket.empty()) {
    metadata.emplace("authorization", "Bearer " + ticket);
  }
  if (const auto key = http.Header("X-API-Key")) metadata.emplace("x-api-key", *key);
  return metadata;
}

std::string RequestIdOf(const HttpRequest& http, IdGenerator& ids) {
  const std::string_view id = http.Header("X-Request-Id").value_or("");
  const bool usable =
      !id.empty() && id.size() <= 100 && std::all_of(id.begin(), id.end(), IsUnreserved);
  return usable ? std::string(id) : ids.Next().ToString();
}

bool WantsEventStream(const HttpRequest& http) {
  return http.Header("Accept").value_or("").find("text/event-stream") != std::string_view::npos;
}

}  // namespace crm::gateway
