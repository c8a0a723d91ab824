// The defaults of a configuration, as the YAML they stand for. Private to libs/config.
#pragma once

#include <string_view>

namespace crm::config {

// config.proto names each of them in the comment of its key.
inline constexpr std::string_view kDefaults = R"(
target: [all]
rpc:
  listen_address: 127.0.0.1:7001
  max_message_bytes: 4194304
  max_metadata_bytes: 16384
  max_calls: 1024
postgres:
  pool_size: 8
  pool_wait: 2s
  connect_timeout: 5s
kafka:
  replication_factor: 1
  session_timeout: 10s
  relay_lease: 5s
  security: {protocol: plaintext}
redis:
  key_prefix: "crm:"
gateway:
  listen_address: 127.0.0.1:8080
  max_body_bytes: 4194304
  request_timeout: 30s
  max_streams: 256
admin:
  listen_address: 127.0.0.1:7090
log: {level: info, format: json}
trace:
  sample_ratio: 1
auth:
  token_ttl: 15m
limits:
  worker_threads: 8
  queue_length: 1024
  call_burst: 100
  commit_group_calls: 256
  commit_group_bytes: 4194304
shutdown:
  announce: 0s
  drain_timeout: 10s
  stop_timeout: 10s
)";

}  // namespace crm::config
