// Topics and their offsets, as an operator or a starting service sees them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/kafka/client_options.h"
#include "libs/kafka/message.h"

namespace crm::kafka {

struct TopicSpec {
  std::string name{};
  // Never changed later: the key's partition would move and its order would be lost.
  int32_t partitions = 8;
  // -1: the broker's default.
  int32_t replication_factor = -1;
  // As Kafka names them: {"retention.ms", "-1"}.
  std::map<std::string, std::string> config{};
};

// Thread-safe. Every call is UNAVAILABLE KAFKA_UNAVAILABLE where no broker answers before the
// deadline.
class Admin {
 public:
  static Result<std::unique_ptr<Admin>> Create(ClientOptions options);
  ~Admin();

  // OK where a broker answers: for health, which Kafka's absence only degrades.
  Status Ping(Deadline deadline);

  // Makes sure that the topics exist; returns when each can be written to. A topic that exists
  // keeps its configuration; FAILED_PRECONDITION KAFKA_PARTITIONS_DIFFER where it has another
  // number of partitions.
  Status CreateTopics(const std::vector<TopicSpec>& topics, Deadline deadline);
  // A topic that does not exist is no error.
  Status DeleteTopics(const std::vector<std::string>& topics, Deadline deadline);
  // The names of all topics, without Kafka's own, sorted.
  Result<std::vector<std::string>> ListTopics(Deadline deadline);
  // The number of partitions; nullopt where there is no such topic.
  Result<std::optional<int32_t>> CountPartitions(const std::string& topic, Deadline deadline);

  // Beginning and end of every partition, in order. NOT_FOUND KAFKA_UNKNOWN_TOPIC.
  Result<std::vector<OffsetRange>> Offsets(const std::string& topic, Deadline deadline);
  // For every partition, the first offset whose timestamp is not before `time`; the end where there
  // is none.
  Result<std::map<int32_t, int64_t>> OffsetsForTime(const std::string& topic, Time time,
                                                    Deadline deadline);

 private:
  struct Rep;
  explicit Admin(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::kafka
