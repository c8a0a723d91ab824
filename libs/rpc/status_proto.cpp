#include "libs/rpc/status_proto.h"

#include <chrono>

#include "google/rpc/error_details.pb.h"

namespace crm::rpc {

namespace {

constexpr char kDomain[] = "crm";

void AddErrorInfo(const Status& status, google::rpc::Status& proto) {
  google::rpc::ErrorInfo info;
  info.set_domain(kDomain);
  info.set_reason(status.reason().empty() ? std::string(CodeName(status.code())) : status.reason());
  for (const auto& [key, value] : status.metadata()) (*info.mutable_metadata())[key] = value;
  proto.add_details()->PackFrom(info);
}

void AddViolations(const Status& status, google::rpc::Status& proto) {
  if (!status.field_violations().empty()) {
    google::rpc::BadRequest bad;
    for (const auto& violation : status.field_violations()) {
      auto& added = *bad.add_field_violations();
      added.set_field(violation.field);
      added.set_description(violation.description);
    }
    proto.add_details()->PackFrom(bad);
  }
  if (!status.precondition_violations().empty()) {
    google::rpc::PreconditionFailure failure;
    for (const auto& violation : status.precondition_violations()) {
      auto& added = *failure.add_violations();
      added.set_type(violation.type);
      added.set_subject(violation.subject);
      added.set_description(violation.description);
    }
    proto.add_details()->PackFrom(failure);
  }
}

void AddRetry(const Status& status, google::rpc::Status& proto) {
  if (!status.retry_after()) return;
  google::rpc::RetryInfo retry;
  auto millis = status.retry_after()->count();
  retry.mutable_retry_delay()->set_seconds(millis / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(millis % 1000 * 1'000'000));
  proto.add_details()->PackFrom(retry);
}

// google.rpc.Code and ours have the same numbers; what neither knows is UNKNOWN.
Code CodeOf(int number) {
  return number >= 0 && number <= static_cast<int>(Code::kUnauthenticated)
             ? static_cast<Code>(number)
             : Code::kUnknown;
}

// ErrorInfo comes first, because a Status takes its reason when it is made.
Status WithErrorInfo(const google::rpc::Status& proto) {
  for (const auto& detail : proto.details()) {
    google::rpc::ErrorInfo info;
    if (!detail.UnpackTo(&info)) continue;
    Status status(CodeOf(proto.code()), info.reason(), proto.message());
    for (const auto& [key, value] : info.metadata()) status.With(key, value);
    return status;
  }
  return Status(CodeOf(proto.code()), "", proto.message());
}

}  // namespace

google::rpc::Status ToProto(const Status& status) {
  google::rpc::Status proto;
  if (status.ok()) return proto;
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(status.message());
  AddErrorInfo(status, proto);
  AddViolations(status, proto);
  AddRetry(status, proto);
  return proto;
}

Status FromProto(const google::rpc::Status& proto) {
  if (proto.code() == 0) return Status::Ok();
  Status status = WithErrorInfo(proto);
  google::rpc::BadRequest bad;
  google::rpc::PreconditionFailure failure;
  google::rpc::RetryInfo retry;
  for (const auto& detail : proto.details()) {
    if (detail.UnpackTo(&bad)) {
      for (const auto& violation : bad.field_violations()) {
        status.Violates(violation.field(), violation.description());
      }
    } else if (detail.UnpackTo(&failure)) {
      for (const auto& violation : failure.violations()) {
        status.Requires(violation.type(), violation.subject(), violation.description());
      }
    } else if (detail.UnpackTo(&retry)) {
      status.RetryAfter(std::chrono::seconds(retry.retry_delay().seconds()) +
                        std::chrono::milliseconds(retry.retry_delay().nanos() / 1'000'000));
    }
  }
  return status;
}

}  // namespace crm::rpc
