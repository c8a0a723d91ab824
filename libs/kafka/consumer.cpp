#include "libs/kafka/consumer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "libs/kafka/native.h"

namespace crm::kafka {
namespace {

using std::chrono::steady_clock;

struct Position {
  std::optional<int64_t> stored;
  std::optional<int64_t> committed;
};

native::Properties ToProperties(const ConsumerOptions& options) {
  const auto heartbeat = std::min<int64_t>(options.session_timeout.count() / 4, 1000);
  const std::string bytes = std::to_string(options.fetch_bytes);
  return {
      {"group.id", options.group_id},
      {"partition.assignment.strategy", "cooperative-sticky"},
      {"auto.offset.reset", "earliest"},
      // librdkafka's own timer commits what was stored. A commit of ours that is sent while the
      // group changes would reach the broker after the change, and librdkafka answers that by
      // giving up all partitions as lost; its timer waits.
      {"enable.auto.commit", "true"},
      {"auto.commit.interval.ms", std::to_string(options.commit_interval.count())},
      {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "false"},
      {"allow.auto.create.topics", "false"},
      // The broker gives up a commit after five seconds; destruction waits for one that is on the
      // wire.
      {"socket.timeout.ms", "6000"},
      {"session.timeout.ms", std::to_string(options.session_timeout.count())},
      {"heartbeat.interval.ms", std::to_string(heartbeat)},
      {"max.poll.interval.ms", std::to_string(options.max_poll_interval.count())},
      {"fetch.max.bytes", bytes},
      {"max.partition.fetch.bytes", bytes},
      {"message.max.bytes", bytes},
      {"receive.message.max.bytes", std::to_string(options.fetch_bytes + (1u << 20))},
      {"queued.max.messages.kbytes", std::to_string(options.fetch_bytes / 1024 + 1)},
      // Also the pause after the fetch queue was full: the default of 500 ms would starve a fast
      // reader.
      {"fetch.error.backoff.ms", "20"},
      {"topic.metadata.refresh.interval.ms", "30000"},
  };
}

}  // namespace

struct Consumer::Rep : native::Owner {
  explicit Rep(ConsumerOptions o) : consumer(std::move(o)) { options = consumer.client; }

  Status Subscribe();
  void OnRebalance(int error, rd_kafka_topic_partition_list_t* list) override;
  void OnCommit(int error, const rd_kafka_topic_partition_list_t* list) override;
  void Assign(rd_kafka_topic_partition_list_t* list);
  void Revoke(rd_kafka_topic_partition_list_t* list);
  void LogError(rd_kafka_error_t* error, std::string_view doing) const;

  // Adds `message` to the batch or reports its error; fails only where the client is dead.
  Status Take(const rd_kafka_message_t& message);
  bool BatchIsFull() const {
    return batch.size() >= consumer.batch_messages || batch_bytes >= consumer.batch_bytes;
  }

  const ConsumerOptions consumer;
  native::Client client;

  // Of the thread that polls.
  std::vector<ReceivedMessage> batch;
  size_t batch_bytes = 0;

  mutable std::mutex mutex;
  std::map<TopicPartition, Position> assigned;  // GUARDED_BY(mutex)
};

Status Consumer::Rep::Subscribe() {
  std::vector<TopicPartition> topics;
  for (const std::string& topic : consumer.topics) topics.push_back({topic, RD_KAFKA_PARTITION_UA});
  const native::Partitions list = native::MakeList(topics);
  return native::ToStatus(rd_kafka_subscribe(client.get(), list.get()), "subscribe");
}

void Consumer::Rep::LogError(rd_kafka_error_t* error, std::string_view doing) const {
  if (error == nullptr) return;
  Log(LogLevel::kError, std::string(doing) + ": " + rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
}

void Consumer::Rep::OnRebalance(int error, rd_kafka_topic_partition_list_t* list) {
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) return Assign(list);
  if (error == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) return Revoke(list);
  Log(LogLevel::kError, native::ToStatus(error, "rebalance").ToString());
  rd_kafka_assign(client.get(), nullptr);
}

void Consumer::Rep::Assign(rd_kafka_topic_partition_list_t* list) {
  const std::vector<TopicPartition> partitions = native::FromList(*list);
  {
    std::lock_guard lock(mutex);
    for (const TopicPartition& one : partitions) assigned[one] = {};
  }
  LogError(rd_kafka_incremental_assign(client.get(), list), "assign");
  // librdkafka remembers the pause of an assignment that is over, and the owner knows of none.
  rd_kafka_resume_partitions(client.get(), list);
  if (consumer.on_assigned) consumer.on_assigned(partitions);
}

void Consumer::Rep::Revoke(rd_kafka_topic_partition_list_t* list) {
  const std::vector<TopicPartition> partitions = native::FromList(*list);
  const bool lost = rd_kafka_assignment_lost(client.get()) != 0;
  if (consumer.on_revoked) consumer.on_revoked(partitions, lost);
  {
    std::lock_guard lock(mutex);
    for (const TopicPartition& one : partitions) assigned.erase(one);
  }
  // The owner has let go of these partitions; whoever has them next reads from the committed
  // offset.
  std::erase_if(batch, [&](const ReceivedMessage& message) {
    return std::find(partitions.begin(), partitions.end(),
                     TopicPartition{message.topic, message.partition}) != partitions.end();
  });
  LogError(rd_kafka_incremental_unassign(client.get(), list), "unassign");
}

Status Consumer::Rep::Take(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    batch.push_back(native::Copy(message));
    batch_bytes += message.len + message.key_len;
    return {};
  }
  char text[512];
  if (rd_kafka_fatal_error(client.get(), text, sizeof text) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Code::kAborted, "KAFKA_CONSUMER_FATAL",
                  std::string("make a new consumer: ") + text);
  }
  Log(LogLevel::kWarning,
      std::string(rd_kafka_err2name(message.err)) + ": " + rd_kafka_message_errstr(&message));
  return {};
}

void Consumer::Rep::OnCommit(int error, const rd_kafka_topic_partition_list_t* list) {
  if (error == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Log(LogLevel::kWarning, native::ToStatus(error, "commit").ToString());
  }
  std::lock_guard lock(mutex);
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    const auto it = assigned.find({one.topic, one.partition});
    if (it == assigned.end() || one.offset < 0 || one.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) it->second.committed = one.offset;
  }
}

Consumer::Consumer(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Consumer::~Consumer() = default;

Result<std::unique_ptr<Consumer>> Consumer::Create(ConsumerOptions options) {
  auto rep = std::make_unique<Rep>(std::move(options));
  Result<native::Client> client =
      native::MakeClient(native::Kind::kConsumer, rep.get(), ToProperties(rep->consumer));
  if (!client) return client.status();
  rep->client = std::move(*client);
  rd_kafka_poll_set_consumer(rep->client.get());
  if (Status status = rep->Subscribe(); !status.ok()) return status;
  return std::unique_ptr<Consumer>(new Consumer(std::move(rep)));
}

Result<std::vector<ReceivedMessage>> Consumer::Poll(std::chrono::milliseconds timeout) {
  Rep& rep = *rep_;
  rep.batch.clear();
  rep.batch_bytes = 0;
  const Deadline deadline = steady_clock::now() + timeout;
  while (!rep.BatchIsFull()) {
    // Waits for the first message only; further ones are taken while they are there.
    const int wait = rep.batch.empty() ? native::MillisUntil(deadline) : 0;
    const native::MessagePtr message(rd_kafka_consumer_poll(rep.client.get(), wait));
    if (!message) break;
    if (Status status = rep.Take(*message); !status.ok()) return status;
  }
  return std::move(rep.batch);
}

Status Consumer::StoreOffset(const TopicPartition& partition, int64_t next_offset) {
  std::lock_guard lock(rep_->mutex);
  const auto it = rep_->assigned.find(partition);
  if (it == rep_->assigned.end()) {
    return FailedPrecondition("KAFKA_NOT_ASSIGNED", "the partition belongs to another member");
  }
  if (it->second.stored >= next_offset) return {};
  const native::Partitions list = native::MakeList({partition});
  list->elems[0].offset = next_offset;
  const auto error = rd_kafka_offsets_store(rep_->client.get(), list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) it->second.stored = next_offset;
  return native::ToStatus(error, "store offset");
}

namespace {

// The first partition that could not be changed decides.
Status FirstError(const rd_kafka_topic_partition_list_t& list, std::string_view doing) {
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
      return FailedPrecondition("KAFKA_NOT_ASSIGNED", "the partition belongs to another member");
    }
    if (list.elems[i].err != 0) return native::ToStatus(list.elems[i].err, doing);
  }
  return {};
}

}  // namespace

Status Consumer::Pause(const std::vector<TopicPartition>& partitions) {
  const native::Partitions list = native::MakeList(partitions);
  rd_kafka_pause_partitions(rep_->client.get(), list.get());
  return FirstError(*list, "pause");
}

Status Consumer::Resume(const std::vector<TopicPartition>& partitions) {
  const native::Partitions list = native::MakeList(partitions);
  rd_kafka_resume_partitions(rep_->client.get(), list.get());
  return FirstError(*list, "resume");
}

std::vector<PartitionProgress> Consumer::Progress() const {
  std::vector<PartitionProgress> progress;
  std::lock_guard lock(rep_->mutex);
  for (const auto& [partition, position] : rep_->assigned) {
    PartitionProgress& one = progress.emplace_back(PartitionProgress{.partition = partition});
    one.next_offset = position.stored;
    one.committed_offset = position.committed;
    int64_t low = 0;
    int64_t high = 0;
    const auto error = rd_kafka_get_watermark_offsets(rep_->client.get(), partition.topic.c_str(),
                                                      partition.partition, &low, &high);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0) one.end_offset = high;
  }
  return progress;
}

Status Consumer::Close(Deadline deadline) {
  rd_kafka_t* client = rep_->client.get();
  rep_->batch.clear();
  const native::Queue queue(rd_kafka_queue_get_consumer(client));
  rep_->LogError(rd_kafka_consumer_close_queue(client, queue.get()), "close");
  while (rd_kafka_consumer_closed(client) == 0) {
    if (steady_clock::now() >= deadline) {
      return Status(Code::kDeadlineExceeded, "KAFKA_CLOSE_TIMEOUT",
                    "the broker did not answer; the group goes on after the session timeout");
    }
    native::MessagePtr dropped(
        rd_kafka_consumer_poll(client, std::min(50, native::MillisUntil(deadline))));
  }
  return {};
}

}  // namespace crm::kafka
