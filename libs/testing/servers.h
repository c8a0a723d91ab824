// The real servers that tests run against, started by `tools/dev test` (or `tools/dev servers up
// test`) and shared by all test binaries. Nothing here starts a server and nothing skips: where an
// address is missing the functions throw, so the test fails and says how to run it.
//
// Isolation is by name: a test makes its own schema and its own topics with the unique names below.
// Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace crm::test {

// DSN of the cluster's owner: "postgres://crm@127.0.0.1:25432/postgres". Throws std::runtime_error.
std::string PostgresDsn();
// "127.0.0.1:26379". Throws std::runtime_error.
std::string RedisAddress();
// Bootstrap server, "127.0.0.1:29092"; topics are not shared between tests. Throws
// std::runtime_error.
std::string KafkaAddress();

// `stem` and 16 random hexadecimal digits, "leads_90163d8694739bae": different in each call and
// process, and valid as an SQL identifier, a consumer group and a part of a Redis key.
std::string UniqueName(std::string_view stem);
// A unique beginning for the names of a test's topics, "t90163d8694739bae.": the topic is prefix +
// "crm.leads.v1".
std::string KafkaTopicPrefix();

}  // namespace crm::test
