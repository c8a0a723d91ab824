#include "libs/auth/internal_calls.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "libs/auth/grants.h"
#include "libs/rpc/descriptors.h"
#include "libs/trace/trace_context.h"

namespace crm::auth {

namespace {

constexpr auto kLife = std::chrono::seconds(60);
constexpr auto kRenewAfter = std::chrono::seconds(30);
constexpr auto kTimeout = std::chrono::seconds(5);
constexpr size_t kMaxGiven = 10'000;

// All that a token says but its times. No name holds a line break.
std::string IdentityOf(const Principal& principal) {
  std::string text = principal.tenant.ToString() + "\n" + principal.name;
  for (const auto& department : principal.departments) text += "\n" + department;
  for (const auto& grant : ToTexts(principal.grants)) text += "\n" + grant;
  return text;
}

}  // namespace

std::string InternalTokens::For(const Principal& principal) {
  std::string identity = IdentityOf(principal);
  Time now = clock_.Now();
  {
    std::lock_guard lock(mutex_);
    auto found = given_.find(identity);
    if (found != given_.end() && now < found->second.renew_time) return found->second.token;
  }
  std::string token = signer_.Sign(principal, Audience::kInternal, now, kLife);
  std::lock_guard lock(mutex_);
  if (given_.size() >= kMaxGiven) {
    std::erase_if(given_, [now](const auto& each) { return each.second.renew_time <= now; });
  }
  if (given_.size() >= kMaxGiven) given_.clear();
  given_.insert_or_assign(std::move(identity), Given{token, now + kRenewAfter});
  return token;
}

std::string RouteOf(const std::string& method, const google::protobuf::Message& request) {
  std::string service = method.substr(0, method.find('/'));
  bool shared = service.starts_with("crm.events.") || service.starts_with("crm.kernel.");
  const auto* field = request.GetDescriptor()->FindFieldByName("source");
  if (!shared || field == nullptr ||
      field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return service;
  }
  std::string source = request.GetReflection()->GetString(request, field);
  if (source.empty()) return service;
  return "crm." + source + ".v1" + service.substr(service.rfind('.'));
}

Status InternalCaller::Call(const Principal& principal, const std::string& method,
                            const google::protobuf::Message& request,
                            google::protobuf::Message& response, std::stop_token stop) {
  auto client = channels_.ForService(RouteOf(method, request));
  if (!client.ok()) return client.status();
  rpc::ClientCallOptions options;
  options.timeout = kTimeout;
  options.stop = std::move(stop);
  options.metadata.emplace("authorization", "Bearer " + tokens_.For(principal));
  if (trace::Current().valid()) {
    options.metadata.emplace(trace::kTraceparent, trace::FormatTraceparent(trace::Current()));
  }
  return (*client)->Call(method, request, response, options);
}

Status ChannelReader::Read(const Principal& principal, const std::string& method,
                           const google::protobuf::Message& request,
                           google::protobuf::Message& response, std::stop_token stop) {
  std::string full_name = method;
  std::replace(full_name.begin(), full_name.end(), '/', '.');
  const auto* found =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full_name);
  if (found == nullptr) return Internal(method + " is no method that is known here");
  if (!rpc::OnlyReads(*found)) {
    return Internal(method + " changes something, and a handler may only read");
  }
  return caller_.Call(principal, method, request, response, std::move(stop));
}

}  // namespace crm::auth
