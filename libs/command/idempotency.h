// Idempotency keys: the same request_id from the same caller to the same method gets the first
// answer again. A key is a record of the check set (expected to be absent), so two calls with one
// key can never both commit.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/command/store.h"

namespace crm {

// How long a key is kept.
inline constexpr auto kIdempotencyKeyLife = std::chrono::hours(24 * 7);

// The request_id of a mutation's request; empty where it has none.
std::string RequestId(const google::protobuf::Message& request);

// The record of a key. The id covers tenant-independent parts; the tenant is in the RecordKey.
RecordKey IdempotencyRecord(const RecordTypes& types, const Uuid& tenant,
                            const std::string& principal, const std::string& method,
                            const std::string& request_id);

// SHA-256 over the request without its request_id.
std::string RequestHash(const google::protobuf::Message& request);

// The write that remembers an answer.
RecordWrite RememberAnswer(const RecordKey& key, const std::string& request_hash,
                           const std::string& response, Time now);

// The remembered answer; INVALID_ARGUMENT (REQUEST_ID_REUSED) where the key was used with another
// body; nullopt where the key is unknown.
Result<std::optional<std::string>> RecallAnswer(Store& store, const RecordKey& key,
                                                const std::string& request_hash,
                                                std::stop_token stop);

}  // namespace crm
