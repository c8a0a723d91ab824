#include "libs/kafka/topic_reader.h"

#include <librdkafka/rdkafka.h>

#include "libs/kafka/admin.h"
#include "libs/kafka/native.h"

namespace crm::kafka {
namespace {

struct TopicDeleter {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};

native::Properties ToProperties(const TopicReaderOptions& options) {
  const std::string bytes = std::to_string(options.fetch_bytes);
  return {
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "true"},
      {"allow.auto.create.topics", "false"},
      {"auto.offset.reset", "error"},
      {"fetch.max.bytes", bytes},
      {"max.partition.fetch.bytes", bytes},
      {"message.max.bytes", bytes},
      {"receive.message.max.bytes", std::to_string(options.fetch_bytes + (1u << 20))},
      {"queued.max.messages.kbytes", std::to_string(options.fetch_bytes / 1024 + 1)},
      {"fetch.error.backoff.ms", "20"},
  };
}

Status OffsetGone(int32_t partition, int64_t offset) {
  return Status(Code::kOutOfRange, "KAFKA_OFFSET_GONE",
                "the topic does not hold this offset: read it from the event log")
      .With("partition", std::to_string(partition))
      .With("offset", std::to_string(offset));
}

}  // namespace

struct TopicReader::Rep : native::Owner {
  explicit Rep(TopicReaderOptions o) : reader(std::move(o)) { options = reader.client; }
  ~Rep() override;

  Status Start(Deadline deadline);
  // Adds `message` to the batch, or notes an end, or fails.
  Status Take(const rd_kafka_message_t& message);

  const TopicReaderOptions reader;
  native::Client client;
  std::unique_ptr<rd_kafka_topic_t, TopicDeleter> topic;
  native::Queue queue;
  std::vector<int32_t> started;

  std::vector<ReceivedMessage> batch;
  // Partitions that are not read to their end, with that end. Unused with `follow`.
  std::map<int32_t, int64_t> open;
};

TopicReader::Rep::~Rep() {
  for (const int32_t partition : started) rd_kafka_consume_stop(topic.get(), partition);
}

Status TopicReader::Rep::Start(Deadline deadline) {
  const auto admin = Admin::Create(options);
  if (!admin) return admin.status();
  const auto ranges = (*admin)->Offsets(reader.topic, deadline);
  if (!ranges) return ranges.status();
  topic.reset(rd_kafka_topic_new(client.get(), reader.topic.c_str(), nullptr));
  queue.reset(rd_kafka_queue_new(client.get()));
  for (const OffsetRange& range : *ranges) {
    const auto from = reader.from.find(range.partition);
    const int64_t offset = from == reader.from.end() ? range.begin : from->second;
    if (offset < range.begin || offset > range.end) return OffsetGone(range.partition, offset);
    if (!reader.follow && offset == range.end) continue;
    open[range.partition] = range.end;
    if (rd_kafka_consume_start_queue(topic.get(), range.partition, offset, queue.get()) != 0) {
      return native::ToStatus(rd_kafka_last_error(), "start reading");
    }
    started.push_back(range.partition);
  }
  return {};
}

Status TopicReader::Rep::Take(const rd_kafka_message_t& message) {
  const auto it = open.find(message.partition);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (reader.follow || (it != open.end() && message.offset < it->second)) {
      batch.push_back(native::Copy(message));
    }
    // The last offsets of a partition need not hold messages: then the broker's "no more" ends it,
    // below.
    if (!reader.follow && it != open.end() && message.offset + 1 >= it->second) open.erase(it);
    return {};
  }
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (!reader.follow && it != open.end() && message.offset >= it->second) open.erase(it);
    return {};
  }
  const Status status = native::ToStatus(message.err, "read");
  if (status.code() == Code::kOutOfRange) return OffsetGone(message.partition, message.offset);
  if (status.code() != Code::kUnavailable) return status;
  Log(LogLevel::kWarning, status.ToString());
  return {};
}

TopicReader::TopicReader(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
TopicReader::~TopicReader() = default;

Result<std::unique_ptr<TopicReader>> TopicReader::Open(TopicReaderOptions options,
                                                       Deadline deadline) {
  auto rep = std::make_unique<Rep>(std::move(options));
  Result<native::Client> client =
      native::MakeClient(native::Kind::kConsumer, rep.get(), ToProperties(rep->reader));
  if (!client) return client.status();
  rep->client = std::move(*client);
  if (Status status = rep->Start(deadline); !status.ok()) return status;
  return std::unique_ptr<TopicReader>(new TopicReader(std::move(rep)));
}

Result<std::vector<ReceivedMessage>> TopicReader::Next(std::chrono::milliseconds timeout) {
  Rep& rep = *rep_;
  rep.batch.clear();
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  while (!done() && rep.batch.size() < rep.reader.batch_messages) {
    const int wait = rep.batch.empty() ? native::MillisUntil(deadline) : 0;
    const native::MessagePtr message(rd_kafka_consume_queue(rep.queue.get(), wait));
    if (!message) break;
    if (Status status = rep.Take(*message); !status.ok()) return status;
  }
  return std::move(rep.batch);
}

bool TopicReader::done() const {
  return !rep_->reader.follow && rep_->open.empty();
}

}  // namespace crm::kafka
