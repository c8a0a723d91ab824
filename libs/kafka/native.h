// Inside this folder only: what the clients share of librdkafka. Its types are declared, not
// included, so that this header costs nothing.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/kafka/client_options.h"
#include "libs/kafka/message.h"

struct rd_kafka_s;
struct rd_kafka_message_s;
struct rd_kafka_op_s;
struct rd_kafka_queue_s;
struct rd_kafka_topic_partition_list_s;

namespace crm::kafka::native {

struct Deleter {
  void operator()(rd_kafka_s* client) const;
  void operator()(rd_kafka_message_s* message) const;
  void operator()(rd_kafka_op_s* event) const;
  void operator()(rd_kafka_queue_s* queue) const;
  void operator()(rd_kafka_topic_partition_list_s* list) const;
};
// Destroys without leaving the group and without callbacks.
using Client = std::unique_ptr<rd_kafka_s, Deleter>;
using MessagePtr = std::unique_ptr<rd_kafka_message_s, Deleter>;
using Event = std::unique_ptr<rd_kafka_op_s, Deleter>;
using Queue = std::unique_ptr<rd_kafka_queue_s, Deleter>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_s, Deleter>;

// The opaque pointer of every client points to one; it outlives the client.
struct Owner {
  ClientOptions options;
  virtual ~Owner() = default;
  void Log(LogLevel level, std::string_view line) const;
  // Of consumers: partitions come (`error` is _ASSIGN_PARTITIONS) or go.
  virtual void OnRebalance(int error, rd_kafka_topic_partition_list_s* list) {}
  // Of consumers: the broker's answer to a commit.
  virtual void OnCommit(int error, const rd_kafka_topic_partition_list_s* list) {}
};

using Properties = std::map<std::string, std::string>;

// A client of `owner` with what all have in common, its security options and `properties`.
// INVALID_ARGUMENT KAFKA_BAD_OPTION where librdkafka refuses one.
enum class Kind { kProducer, kConsumer };
Result<Client> MakeClient(Kind kind, Owner* owner, const Properties& properties);

// What went wrong while `doing`, as a Status with metadata "kafka_error".
Status ToStatus(int error, std::string_view doing);
// Left of the deadline, for librdkafka's timeouts: at least 0.
int MillisUntil(Deadline deadline);

ReceivedMessage Copy(const rd_kafka_message_s& message);
Partitions MakeList(const std::vector<TopicPartition>& partitions);
std::vector<TopicPartition> FromList(const rd_kafka_topic_partition_list_s& list);

}  // namespace crm::kafka::native
