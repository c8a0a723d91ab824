#include "libs/rpc/wire.h"

#include <grpc/grpc.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <vector>

#include "libs/rpc/status_proto.h"

namespace crm::rpc {

namespace {

constexpr size_t kMaxDetailBytes = 5000;  // 6.7 KB in base64
constexpr size_t kMaxMessageBytes = 330;  // 1 KB where every byte is percent-encoded

std::string Shorten(const std::string& message, size_t limit) {
  if (message.size() <= limit) return message;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;
  return message.substr(0, end);
}

std::string BoundedDetails(const Status& status) {
  std::string whole = ToProto(status).SerializeAsString();
  if (whole.size() <= kMaxDetailBytes) return whole;
  Status shorter(status.code(), status.reason(), Shorten(status.message(), kMaxMessageBytes));
  if (status.retry_after()) shorter.RetryAfter(*status.retry_after());
  shorter.With("truncated", "true");
  std::string best = ToProto(shorter).SerializeAsString();
  auto keep = [&best](Status& kept, Status candidate) {
    std::string bytes = ToProto(candidate).SerializeAsString();
    if (bytes.size() > kMaxDetailBytes) return false;
    best = std::move(bytes);
    kept = std::move(candidate);
    return true;
  };
  for (const auto& [key, value] : status.metadata()) {
    keep(shorter, Status(shorter).With(key, value));
  }
  for (const auto& v : status.field_violations()) {
    if (!keep(shorter, Status(shorter).Violates(v.field, v.description))) break;
  }
  for (const auto& v : status.precondition_violations()) {
    if (!keep(shorter, Status(shorter).Requires(v.type, v.subject, v.description))) break;
  }
  return best;
}

}  // namespace

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  grpc::Slice single;
  if (buffer.TrySingleSlice(&single).ok()) {
    return std::string(reinterpret_cast<const char*>(single.begin()), single.size());
  }
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const auto& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::Status ToGrpc(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      Shorten(status.message(), kMaxMessageBytes), BoundedDetails(status));
}

Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return Status::Ok();
  google::rpc::Status proto;
  if (!status.error_details().empty() && proto.ParseFromString(status.error_details()) &&
      proto.code() == static_cast<int>(status.error_code())) {
    return FromProto(proto);
  }
  auto code = static_cast<Code>(status.error_code());
  const std::string& message = status.error_message();
  switch (code) {
    case Code::kUnavailable:
      return Unavailable("RPC_UNREACHABLE", "The service cannot be reached: " + message);
    case Code::kDeadlineExceeded:
      return Status(code, "RPC_DEADLINE_EXCEEDED", "The service did not answer in time.");
    case Code::kCancelled:
      return Status(code, "RPC_CANCELLED", "The call was cancelled.");
    default:
      return Status(code, "RPC_" + std::string(CodeName(code)), message);
  }
}

bool LegalMetadata(const std::string& key, const std::string& value) {
  auto slice = [](const std::string& text) {
    return grpc_slice_from_static_buffer(text.data(), text.size());
  };
  if (key.starts_with("grpc-") || !grpc_header_key_is_legal(slice(key))) return false;
  return grpc_is_binary_header(slice(key)) || grpc_header_nonbin_value_is_legal(slice(value));
}

std::string LowerCase(std::string key) {
  std::transform(key.begin(), key.end(), key.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return key;
}

gpr_timespec DeadlineIn(std::chrono::milliseconds timeout) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_millis(timeout.count(), GPR_TIMESPAN));
}

std::chrono::nanoseconds TimeLeft(gpr_timespec deadline) {
  gpr_timespec left = gpr_time_sub(gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC),
                                   gpr_now(GPR_CLOCK_MONOTONIC));
  return std::chrono::seconds(left.tv_sec) + std::chrono::nanoseconds(left.tv_nsec);
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file || content.str().empty()) {
    return Status(Code::kFailedPrecondition, "RPC_TLS_FILE_UNREADABLE",
                  "The PEM file " + path + " cannot be read or is empty.")
        .With("path", path);
  }
  return content.str();
}

}  // namespace crm::rpc
