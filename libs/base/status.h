// Status and Result: how every function of this code base reports failure.
//
// A Status carries what a caller of our API sees: a canonical code, a stable machine-readable
// reason, a message that says what to do, the dynamic parts of that message as metadata, and, where
// they help, field violations, precondition violations and a delay after which a retry makes sense.
// libs/rpc maps it to google.rpc.Status.
//
// Values; not synchronised.
#pragma once

#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace crm {

// Canonical codes; the numbers are those of google.rpc.Code.
enum class Code : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "INVALID_ARGUMENT" and so on, as google.rpc.Code spells it.
std::string_view CodeName(Code code);

// A field of the request that is wrong. `field` is a path from the request's root, like
// "lead.phones[0].number".
struct FieldViolation {
  std::string field;
  std::string description;
  bool operator==(const FieldViolation&) const = default;
};

// A state that the call needs and did not find. `type` is a stable word ("STAGE_GUARD"), `subject`
// a resource name.
struct PreconditionViolation {
  std::string type;
  std::string subject;
  std::string description;
  bool operator==(const PreconditionViolation&) const = default;
};

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK
  // `reason` is UPPER_SNAKE_CASE and stable: clients switch on it. `message` says what is wrong and
  // what to do.
  Status(Code code, std::string reason, std::string message);

  static Status Ok() { return {}; }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& reason() const { return reason_; }
  const std::string& message() const { return message_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::vector<FieldViolation>& field_violations() const { return field_violations_; }
  const std::vector<PreconditionViolation>& precondition_violations() const {
    return precondition_violations_;
  }
  // Set where a retry of the same call may succeed.
  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }

  // Each returns *this, so that an error is built in one expression.
  Status& With(std::string key, std::string value);
  Status& Violates(std::string field, std::string description);
  Status& Requires(std::string type, std::string subject, std::string description);
  Status& RetryAfter(std::chrono::milliseconds delay);

  // "NOT_FOUND LEAD_NOT_FOUND: ..." for logs and test failures.
  std::string ToString() const;
  bool operator==(const Status&) const = default;

 private:
  Code code_ = Code::kOk;
  std::string reason_;
  std::string message_;
  std::map<std::string, std::string> metadata_;
  std::vector<FieldViolation> field_violations_;
  std::vector<PreconditionViolation> precondition_violations_;
  std::optional<std::chrono::milliseconds> retry_after_;
};

// One field of the request is wrong: INVALID_ARGUMENT with reason INVALID_FIELD and one violation.
Status InvalidField(std::string field, std::string description);
Status InvalidArgument(std::string reason, std::string message);
// Also what a caller without access sees. Reason RESOURCE_NOT_FOUND, metadata `name`.
Status NotFound(std::string_view resource_name);
Status FailedPrecondition(std::string reason, std::string message);
Status Internal(std::string message);
Status Unavailable(std::string reason, std::string message);

// A value or the Status that says why there is none. Never holds an OK status without a value.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : content_(std::in_place_index<1>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Status status) : content_(std::in_place_index<0>, std::move(status)) {  // NOLINT
    if (std::get<0>(content_).ok()) std::abort();
  }

  bool ok() const { return content_.index() == 1; }
  explicit operator bool() const { return ok(); }
  // OK where there is a value.
  Status status() const { return ok() ? Status() : std::get<0>(content_); }

  // Only where ok(); otherwise the process ends with std::bad_variant_access.
  T& value() & { return std::get<1>(content_); }
  const T& value() const& { return std::get<1>(content_); }
  T&& value() && { return std::get<1>(std::move(content_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> content_;
};

}  // namespace crm
