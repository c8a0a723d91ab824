// What crosses the border to gRPC: bytes, statuses, metadata, credentials' files. Private to
// libs/rpc.
#pragma once

#include <grpc/support/time.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <string>

#include "libs/base/status.h"

namespace crm::rpc {

grpc::ByteBuffer ToBuffer(const std::string& bytes);
std::string ToString(const grpc::ByteBuffer& buffer);

// With google.rpc.Status as details, bounded so that the trailers fit the 8 KiB that clients accept
// by default: violations are left out from the end, the reason never.
grpc::Status ToGrpc(const Status& status);
// Without details (the failure is the transport's own): a reason that starts with RPC_.
Status FromGrpc(const grpc::Status& status);

// gRPC ends the process where a key or a value is illegal, so both are checked first.
bool LegalMetadata(const std::string& key, const std::string& value);
std::string LowerCase(std::string key);

// Deadlines between gRPC and us are moments of the monotonic clock: setting the time of day, on
// either side, makes no call longer or shorter.
gpr_timespec DeadlineIn(std::chrono::milliseconds timeout);
std::chrono::nanoseconds TimeLeft(gpr_timespec deadline);

Result<std::string> ReadFile(const std::string& path);

}  // namespace crm::rpc
