// What every Kafka client of ours (Producer, Consumer, TopicReader, Admin) is told.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace crm::kafka {

// Moments until which a call may wait. Kafka's own clocks are monotonic, so these are too.
using Deadline = std::chrono::steady_clock::time_point;

enum class LogLevel { kError, kWarning, kInfo, kDebug };

struct ClientOptions {
  // "host:port,host:port"
  std::string brokers;
  // Shown in the broker's logs and quotas, like "crm.leads.relay".
  std::string client_id = "crm";
  // Passed to librdkafka as they are; only the keys that CheckSecurity() lists are taken.
  std::map<std::string, std::string> security;
  // Lines of the Kafka client itself: broker lost, broker back, refused configuration. Called from
  // threads of the client, possibly several at once; must neither block nor throw. Empty: lines are
  // dropped.
  std::function<void(LogLevel, std::string_view)> on_log;
};

// INVALID_ARGUMENT with one field violation per key of `security` that is not one of:
// security.protocol, sasl.mechanism, sasl.username, sasl.password, ssl.ca.location,
// ssl.certificate.location, ssl.key.location, ssl.key.password. A typo must not quietly open an
// unencrypted connection, and nothing here may change the guarantees of a producer.
Status CheckSecurity(const std::map<std::string, std::string>& security);

}  // namespace crm::kafka
