#include "services/gateway/transcoder.h"

#include <algorithm>
#include <set>

#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "google/protobuf/wrappers.pb.h"
#include "libs/rpc/descriptors.h"
#include "services/gateway/json_reader.h"
#include "services/gateway/url.h"

namespace crm::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

Status ReadBody(const Route& route, std::string_view body, Message& message) {
  if (body.empty()) return {};
  if (!route.has_body()) {
    return InvalidArgument("HTTP_UNEXPECTED_BODY",
                           "This method takes no body. Send its fields in the URL.");
  }
  return route.whole_body ? ReadJson(body, message)
                          : ReadJsonField(body, message, *route.body_field);
}

bool IsSet(const Message& parent, const FieldDescriptor& field) {
  return parent.GetReflection()->HasField(parent, &field);
}

bool SameField(const Message& a, const Message& b, const FieldDescriptor& field) {
  google::protobuf::util::MessageDifferencer differencer;
  return differencer.CompareWithFields(a, b, {&field}, {&field});
}

Status ReadPath(const RouteMatch& match, Message& message) {
  for (size_t i = 0; i < match.values.size(); ++i) {
    const FieldPath& path = match.route->variables[i];
    const FieldDescriptor& field = *path.back();
    const std::string location = ToString(path);
    const auto fresh = rpc::NewMessage(field.containing_type());
    if (auto status = SetFromUrl(*fresh, field, match.values[i], location); !status.ok()) {
      return status;
    }
    Message& parent = MutableParent(message, path);
    if (IsSet(parent, field) && !SameField(parent, *fresh, field)) {
      return InvalidField(location, "the body says otherwise than the path (\"" + match.values[i] +
                                        "\"); leave it out of the body");
    }
    if (auto status = SetFromUrl(parent, field, match.values[i], location); !status.ok()) {
      return status;
    }
  }
  return {};
}

bool IsInBodyOrPath(const Route& route, const FieldPath& path) {
  if (path.front() == route.body_field) return true;
  return std::find(route.variables.begin(), route.variables.end(), path) != route.variables.end();
}

Status SetParameter(const Route& route, const QueryParameter& parameter,
                    std::set<std::string>& seen, Message& message) {
  auto path = ResolveFieldPath(*message.GetDescriptor(), parameter.name);
  if (!path) {
    return InvalidField(
        parameter.name,
        "unknown query parameter; " + message.GetDescriptor()->full_name() + " has no such field");
  }
  if (route.whole_body || IsInBodyOrPath(route, *path)) {
    return InvalidField(parameter.name,
                        route.whole_body
                            ? "this method takes its fields in the body, not in the query"
                            : "this field belongs into the path or the body");
  }
  const FieldDescriptor& field = *path->back();
  const std::string location = ToString(*path);
  if (!seen.insert(location).second && !field.is_repeated()) {
    return InvalidField(location, "the parameter is given twice");
  }
  Message& parent = MutableParent(message, *path);
  const auto* oneof = field.real_containing_oneof();
  if (oneof != nullptr && parent.GetReflection()->HasOneof(parent, oneof)) {
    return InvalidField(location,
                        "another field of \"" + oneof->name() + "\" is given; send only one");
  }
  return SetFromUrl(parent, field, parameter.value, location);
}

// True where the parameter is one of the gateway's own.
Result<bool> ReadSystemParameter(const Route& route, const QueryParameter& parameter,
                                 SystemParameters& system) {
  if (parameter.name == "$prettyPrint" || parameter.name == "prettyPrint") {
    if (parameter.value != "true" && parameter.value != "false" && !parameter.value.empty()) {
      return InvalidField(parameter.name, "expected true or false");
    }
    system.pretty_print = parameter.value != "false";
    return true;
  }
  if (parameter.name == "ticket" && route.method->server_streaming()) {
    system.ticket = parameter.value;
    return true;
  }
  if (parameter.name.starts_with("$")) {
    return InvalidField(parameter.name, "unknown system parameter; only $prettyPrint is known");
  }
  return false;
}

google::protobuf::util::JsonPrintOptions PrintOptions(bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  return options;
}

Result<std::string> ToJson(const Message& message,
                           const google::protobuf::util::JsonPrintOptions& options) {
  std::string json;
  if (const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
      !status.ok()) {
    return Internal("The response has no JSON form: " + status.ToString());
  }
  return json;
}

// The wrapper types have exactly the JSON form of the value they wrap.
Result<std::string> ScalarToJson(const Message& message, const FieldDescriptor& field) {
  const auto* access = message.GetReflection();
  const auto wrap = [](auto wrapper, auto value) {
    wrapper.set_value(value);
    return ToJson(wrapper, PrintOptions(false));
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return wrap(google::protobuf::Int32Value(), access->GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return wrap(google::protobuf::Int64Value(), access->GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return wrap(google::protobuf::UInt32Value(), access->GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return wrap(google::protobuf::UInt64Value(), access->GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return wrap(google::protobuf::DoubleValue(), access->GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return wrap(google::protobuf::FloatValue(), access->GetFloat(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return wrap(google::protobuf::BoolValue(), access->GetBool(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = access->GetEnumValue(message, &field);
      const auto* known = field.enum_type()->FindValueByNumber(number);
      return known == nullptr ? std::to_string(number) : "\"" + known->name() + "\"";
    }
    default:
      break;
  }
  const std::string text = access->GetString(message, &field);
  return field.type() == FieldDescriptor::TYPE_BYTES ? wrap(google::protobuf::BytesValue(), text)
                                                     : wrap(google::protobuf::StringValue(), text);
}

// protobuf prints no list alone: a message with nothing but this field is printed and its frame
// taken off.
Result<std::string> ListToJson(const Message& message, const FieldDescriptor& field) {
  const auto* access = message.GetReflection();
  if (access->FieldSize(message, &field) == 0) return std::string(field.is_map() ? "{}" : "[]");
  auto alone = rpc::NewMessage(message.GetDescriptor());
  alone->CopyFrom(message);
  std::vector<const FieldDescriptor*> set;
  access->ListFields(*alone, &set);
  for (const auto* other : set) {
    if (other != &field) access->ClearField(alone.get(), other);
  }
  auto json = ToJson(*alone, PrintOptions(false));
  if (!json) return json;
  const size_t frame = std::string_view("{\"\":").size() + field.json_name().size();
  return json->substr(frame, json->size() - frame - 1);
}

Result<std::string> FieldToJson(const Message& message, const FieldDescriptor& field, bool pretty) {
  if (field.is_repeated()) return ListToJson(message, field);
  if (field.message_type() == nullptr) return ScalarToJson(message, field);
  return ToJson(message.GetReflection()->GetMessage(message, &field), PrintOptions(pretty));
}

}  // namespace

Result<TranscodedRequest> ReadRequest(const RouteMatch& match, const RequestParts& parts) {
  const Route& route = *match.route;
  TranscodedRequest request;
  request.message = rpc::NewMessage(route.method->input_type());
  if (auto status = ReadBody(route, parts.body, *request.message); !status.ok()) return status;
  if (auto status = ReadPath(match, *request.message); !status.ok()) return status;
  auto parameters = ParseQuery(parts.query);
  if (!parameters) return parameters.status();
  std::set<std::string> seen;
  for (const auto& parameter : *parameters) {
    auto own = ReadSystemParameter(route, parameter, request.system);
    if (!own) return own.status();
    if (*own) continue;
    if (auto status = SetParameter(route, parameter, seen, *request.message); !status.ok()) {
      return status;
    }
  }
  return request;
}

Result<std::unique_ptr<Message>> ParseResponse(const Route& route, const std::string& bytes) {
  auto message = rpc::NewMessage(route.method->output_type());
  if (!message->ParseFromString(bytes)) {
    return Internal("The service's answer is not a " + message->GetDescriptor()->full_name() + ".");
  }
  return message;
}

Result<std::string> PrintResponse(const Route& route, const Message& message, bool pretty) {
  if (route.response_field != nullptr) return FieldToJson(message, *route.response_field, pretty);
  return ToJson(message, PrintOptions(pretty));
}

}  // namespace crm::gateway
