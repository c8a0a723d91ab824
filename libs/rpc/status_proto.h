// The one mapping between Status and google.rpc.Status: ErrorInfo always (domain "crm"), BadRequest
// for field violations, PreconditionFailure for states, RetryInfo where a retry helps. Used by the
// server, the client and the gateway.
#pragma once

#include "google/rpc/status.pb.h"
#include "libs/base/status.h"

namespace crm::rpc {

google::rpc::Status ToProto(const Status& status);
// Details of types unknown here are dropped. OK maps to OK.
Status FromProto(const google::rpc::Status& proto);

}  // namespace crm::rpc
