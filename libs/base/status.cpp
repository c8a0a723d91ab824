#include "libs/base/status.h"

#include <array>

namespace crm {

std::string_view CodeName(Code code) {
  static constexpr std::array<std::string_view, 17> kNames = {
      "OK",
      "CANCELLED",
      "UNKNOWN",
      "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED",
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED",
      "FAILED_PRECONDITION",
      "ABORTED",
      "OUT_OF_RANGE",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
      "UNAUTHENTICATED",
  };
  auto index = static_cast<size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

Status::Status(Code code, std::string reason, std::string message)
    : code_(code), reason_(std::move(reason)), message_(std::move(message)) {}

Status& Status::With(std::string key, std::string value) {
  metadata_[std::move(key)] = std::move(value);
  return *this;
}

Status& Status::Violates(std::string field, std::string description) {
  field_violations_.push_back({std::move(field), std::move(description)});
  return *this;
}

Status& Status::Requires(std::string type, std::string subject, std::string description) {
  precondition_violations_.push_back({std::move(type), std::move(subject), std::move(description)});
  return *this;
}

Status& Status::RetryAfter(std::chrono::milliseconds delay) {
  retry_after_ = delay;
  return *this;
}

std::string Status::ToString() const {
  std::string text(CodeName(code_));
  if (!reason_.empty()) text += " " + reason_;
  if (!message_.empty()) text += ": " + message_;
  for (const auto& violation : field_violations_) {
    text += " [" + violation.field + ": " + violation.description + "]";
  }
  for (const auto& violation : precondition_violations_) {
    text += " [" + violation.type + " " + violation.subject + ": " + violation.description + "]";
  }
  return text;
}

Status InvalidField(std::string field, std::string description) {
  Status status(Code::kInvalidArgument, "INVALID_FIELD", field + ": " + description);
  status.With("field", field);
  status.Violates(std::move(field), std::move(description));
  return status;
}

Status InvalidArgument(std::string reason, std::string message) {
  return Status(Code::kInvalidArgument, std::move(reason), std::move(message));
}

Status NotFound(std::string_view resource_name) {
  Status status(Code::kNotFound, "RESOURCE_NOT_FOUND",
                "There is no " + std::string(resource_name) + ", or you may not see it.");
  status.With("name", std::string(resource_name));
  return status;
}

Status FailedPrecondition(std::string reason, std::string message) {
  return Status(Code::kFailedPrecondition, std::move(reason), std::move(message));
}

Status Internal(std::string message) {
  return Status(Code::kInternal, "INTERNAL", std::move(message));
}

Status Unavailable(std::string reason, std::string message) {
  Status status(Code::kUnavailable, std::move(reason), std::move(message));
  status.RetryAfter(std::chrono::seconds(1));
  return status;
}

}  // namespace crm
