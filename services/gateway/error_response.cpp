#include "services/gateway/error_response.h"

#include <algorithm>

#include "google/protobuf/util/json_util.h"
#include "libs/rpc/status_proto.h"

namespace crm::gateway {
namespace {

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  return google::protobuf::util::MessageToJsonString(message, &json).ok() ? json : "{}";
}

// `{"message":"...","details":[...]}` without its braces.
std::string MessageAndDetails(const Status& status) {
  google::rpc::Status proto = rpc::ToProto(status);
  proto.clear_code();
  const std::string json = ToJson(proto);
  return json.substr(1, json.size() - 2);
}

}  // namespace

int HttpStatusOf(const Status& status) {
  static constexpr std::pair<std::string_view, int> kByReason[] = {
      {"HTTP_METHOD_NOT_ALLOWED", 405}, {"HTTP_REQUEST_TIMEOUT", 408},
      {"HTTP_BODY_TOO_LARGE", 413},     {"HTTP_UNSUPPORTED_MEDIA_TYPE", 415},
      {"HTTP_HEADER_TOO_LARGE", 431},
  };
  for (const auto& [reason, code] : kByReason) {
    if (reason == status.reason()) return code;
  }
  static constexpr int kByCode[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                                    400, 409, 400, 501, 500, 503, 500, 401};
  return kByCode[static_cast<size_t>(status.code())];
}

std::string ErrorJson(const Status& status) {
  std::string json = "{\"error\":{\"code\":" + std::to_string(HttpStatusOf(status)) +
                     ",\"status\":\"" + std::string(CodeName(status.code())) + "\"";
  if (const std::string rest = MessageAndDetails(status); !rest.empty()) json += "," + rest;
  return json + "}}";
}

HttpResponse ErrorResponse(const Status& status) {
  HttpResponse response{.status = HttpStatusOf(status)};
  response.SetHeader("Content-Type", "application/json; charset=utf-8");
  const bool busy = response.status == 429 || response.status == 503;
  if (busy && status.retry_after()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*status.retry_after()).count();
    response.SetHeader("Retry-After", std::to_string(std::max<int64_t>(seconds, 1)));
  }
  if (const auto allow = status.metadata().find("allow");
      response.status == 405 && allow != status.metadata().end()) {
    response.SetHeader("Allow", allow->second);
  }
  if (response.status == 401) response.SetHeader("WWW-Authenticate", "Bearer");
  response.body = ErrorJson(status) + "\n";
  return response;
}

}  // namespace crm::gateway
