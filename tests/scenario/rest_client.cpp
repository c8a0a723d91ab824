#include "tests/scenario/rest_client.h"

#include <cctype>
#include <stdexcept>

#include "google/api/annotations.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "libs/rpc/descriptors.h"
#include "services/gateway/test_client.h"

namespace crm::test {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::Struct;
using google::protobuf::Value;

struct HttpRequest {
  std::string method;
  std::string target;
  std::string body;
};

const MethodDescriptor& MethodNamed(std::string name) {
  name[name.find('/')] = '.';
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  if (method == nullptr) throw std::runtime_error("this program knows no " + name);
  return *method;
}

std::string ToJson(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) {
    throw std::runtime_error("no JSON of " + message.GetTypeName());
  }
  return json;
}

template <class M>
M Parse(const std::string& json) {
  M message;
  if (!google::protobuf::util::JsonStringToMessage(json, &message).ok()) {
    throw std::runtime_error("this is no JSON: " + json);
  }
  return message;
}

std::string Escape(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '/' || c == '-' || c == '_' || c == '.') {
      escaped += c;
    } else {
      escaped += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return escaped;
}

// Takes the field at a path like "lead.name" out of the message.
std::string Take(Struct& message, const std::string& path) {
  const size_t dot = path.find('.');
  auto& fields = *message.mutable_fields();
  if (dot != std::string::npos) {
    return Take(*fields[path.substr(0, dot)].mutable_struct_value(), path.substr(dot + 1));
  }
  std::string text = fields[path].string_value();
  fields.erase(path);
  return text;
}

// "/v1/{name=leads/*}:convert" with the names in it.
std::string Expand(const std::string& pattern, Struct& message) {
  std::string path;
  for (size_t at = 0; at < pattern.size();) {
    if (pattern[at] != '{') {
      path += pattern[at++];
      continue;
    }
    const size_t end = pattern.find('}', at);
    const std::string variable = pattern.substr(at + 1, end - at - 1);
    path += Escape(Take(message, variable.substr(0, variable.find('='))));
    at = end + 1;
  }
  return path;
}

void AddToQuery(const std::string& name, const Value& value, std::string& query) {
  switch (value.kind_case()) {
    case Value::kListValue:
      for (const auto& each : value.list_value().values()) AddToQuery(name, each, query);
      return;
    case Value::kStructValue:
      for (const auto& [key, each] : value.struct_value().fields()) {
        AddToQuery(name + "." + key, each, query);
      }
      return;
    case Value::kStringValue:
      query += (query.empty() ? "?" : "&") + name + "=" + Escape(value.string_value());
      return;
    default:
      query += (query.empty() ? "?" : "&") + name + "=" + Escape(ToJson(value));
  }
}

HttpRequest Transcode(const google::api::HttpRule& rule, const Message& request) {
  auto message = Parse<Struct>(ToJson(request));
  HttpRequest http;
  std::string pattern;
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      http.method = "GET";
      pattern = rule.get();
      break;
    case google::api::HttpRule::kPost:
      http.method = "POST";
      pattern = rule.post();
      break;
    case google::api::HttpRule::kPatch:
      http.method = "PATCH";
      pattern = rule.patch();
      break;
    case google::api::HttpRule::kDelete:
      http.method = "DELETE";
      pattern = rule.delete_();
      break;
    default:
      throw std::runtime_error(request.GetTypeName() + ": its method has no route");
  }
  http.target = Expand(pattern, message);
  if (rule.body() == "*") {
    http.body = ToJson(message);
    return http;
  }
  if (!rule.body().empty()) {
    http.body = ToJson((*message.mutable_fields())[rule.body()]);
    message.mutable_fields()->erase(rule.body());
  }
  std::string query;
  for (const auto& [name, value] : message.fields()) AddToQuery(name, value, query);
  http.target += query;
  return http;
}

// {"error": {"status": "NOT_FOUND", "message": ..., "details": [{"@type": ..., "reason": ...}]}}
Status ErrorOf(const std::string& json) {
  auto error = (*Parse<Struct>(json).mutable_fields())["error"].struct_value();
  auto& fields = *error.mutable_fields();
  std::string reason;
  for (const auto& detail : fields["details"].list_value().values()) {
    const auto& said = detail.struct_value().fields();
    if (auto found = said.find("reason"); found != said.end()) {
      reason = found->second.string_value();
    }
  }
  for (int code = 1; code <= static_cast<int>(Code::kUnauthenticated); ++code) {
    if (CodeName(static_cast<Code>(code)) != fields["status"].string_value()) continue;
    return {static_cast<Code>(code), reason, fields["message"].string_value()};
  }
  throw std::runtime_error("this error has no status: " + json);
}

}  // namespace

Result<std::unique_ptr<Message>> RestClient::Call(const std::string& method,
                                                  const Message& request) const {
  const MethodDescriptor& descriptor = MethodNamed(method);
  const HttpRequest http = Transcode(descriptor.options().GetExtension(google::api::http), request);
  gateway::TestClient connection(port_);
  const auto answer = connection.Call(http.method, http.target, http.body,
                                      api_key_.empty() ? "" : "X-API-Key: " + api_key_ + "\r\n");
  if (answer.status == 0) return Unavailable("NO_ANSWER", "The gateway did not answer " + method);
  if (answer.status != 200) return ErrorOf(answer.body);
  auto response = rpc::NewMessage(descriptor.output_type());
  const auto parsed = google::protobuf::util::JsonStringToMessage(answer.body, response.get());
  if (parsed.ok()) return response;
  return Internal(method + " answered what is no " + response->GetTypeName() + ": " + answer.body);
}

}  // namespace crm::test
