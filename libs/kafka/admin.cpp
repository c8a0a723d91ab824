#include "libs/kafka/admin.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <thread>

#include "libs/kafka/native.h"

namespace crm::kafka {
namespace {

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

Result<Metadata> FetchMetadata(rd_kafka_t* client, Deadline deadline) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error =
      rd_kafka_metadata(client, 1, nullptr, &metadata, native::MillisUntil(deadline));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return native::ToStatus(error, "ask the broker");
  return Metadata(metadata);
}

// nullptr where the topic does not exist. All topics are asked for: asking for one by name would
// create it at a broker that is set to create topics by use.
const rd_kafka_metadata_topic* FindTopic(const rd_kafka_metadata_t& metadata,
                                         const std::string& name) {
  const auto* begin = static_cast<const rd_kafka_metadata_topic*>(metadata.topics);
  const auto* end = begin + metadata.topic_cnt;
  const auto* it = std::find_if(begin, end, [&](const rd_kafka_metadata_topic& topic) {
    return name == topic.topic && topic.err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  });
  return it == end ? nullptr : it;
}

// False where there is no time left for another attempt.
bool PauseBefore(Deadline deadline) {
  constexpr std::chrono::milliseconds kPause(20);
  if (std::chrono::steady_clock::now() + kPause >= deadline) return false;
  std::this_thread::sleep_for(kPause);
  return true;
}

struct NewTopicDeleter {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, NewTopicDeleter>;

struct DeleteTopicDeleter {
  void operator()(rd_kafka_DeleteTopic_t* topic) const { rd_kafka_DeleteTopic_destroy(topic); }
};
using DeleteTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, DeleteTopicDeleter>;

struct OptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, OptionsDeleter>;

Options MakeOptions(rd_kafka_t* client, rd_kafka_admin_op_t operation, Deadline deadline) {
  Options options(rd_kafka_AdminOptions_new(client, operation));
  char text[256];
  const int timeout = std::max(1, native::MillisUntil(deadline));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout, text, sizeof text);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout, text, sizeof text);
  return options;
}

Result<NewTopic> MakeNewTopic(const TopicSpec& spec) {
  char text[512];
  NewTopic topic(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication_factor,
                                       text, sizeof text));
  if (!topic) return InvalidArgument("KAFKA_BAD_TOPIC", text).With("topic", spec.name);
  for (const auto& [key, value] : spec.config) {
    rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
  }
  return topic;
}

// The first topic of an answer whose error is not `harmless`.
Status FirstError(const rd_kafka_topic_result_t* const* topics, size_t count,
                  rd_kafka_resp_err_t harmless, std::string_view doing) {
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(topics[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == harmless) continue;
    Status status = native::ToStatus(error, doing);
    status.With("topic", rd_kafka_topic_result_name(topics[i]));
    if (const char* text = rd_kafka_topic_result_error_string(topics[i]))
      status.With("error", text);
    return status;
  }
  return {};
}

}  // namespace

struct Admin::Rep : native::Owner {
  using Offsets = std::map<int32_t, int64_t>;
  // Offsets of all partitions of `topic` at `position`: a time in ms, or one of librdkafka's
  // logical offsets. AskOffsets asks once; OffsetsAt goes on while the partitions have no leader.
  Result<Offsets> AskOffsets(const std::string& topic, int64_t position, Deadline deadline);
  Result<Offsets> OffsetsAt(const std::string& topic, int64_t position, Deadline deadline);
  // OK as soon as `topic` can be read and written.
  Status WaitForTopic(const TopicSpec& topic, Deadline deadline);

  native::Client client;
};

Result<Admin::Rep::Offsets> Admin::Rep::AskOffsets(const std::string& topic, int64_t position,
                                                   Deadline deadline) {
  Result<Metadata> metadata = FetchMetadata(client.get(), deadline);
  if (!metadata) return metadata.status();
  const rd_kafka_metadata_topic* found = FindTopic(**metadata, topic);
  if (found == nullptr) {
    return native::ToStatus(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "find offsets").With("topic", topic);
  }
  const native::Partitions list(rd_kafka_topic_partition_list_new(found->partition_cnt));
  for (int i = 0; i < found->partition_cnt; ++i) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), found->partitions[i].id)->offset =
        position;
  }
  const auto error =
      rd_kafka_offsets_for_times(client.get(), list.get(), native::MillisUntil(deadline));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return native::ToStatus(error, "find offsets");
  Offsets offsets;
  for (int i = 0; i < list->cnt; ++i) {
    if (list->elems[i].err != 0) return native::ToStatus(list->elems[i].err, "find offsets");
    offsets[list->elems[i].partition] = list->elems[i].offset;
  }
  return offsets;
}

Result<Admin::Rep::Offsets> Admin::Rep::OffsetsAt(const std::string& topic, int64_t position,
                                                  Deadline deadline) {
  for (;;) {
    Result<Offsets> offsets = AskOffsets(topic, position, deadline);
    if (offsets.status().code() != Code::kUnavailable || !PauseBefore(deadline)) return offsets;
  }
}

Status Admin::Rep::WaitForTopic(const TopicSpec& topic, Deadline deadline) {
  for (;;) {
    const Result<Offsets> ends = OffsetsAt(topic.name, RD_KAFKA_OFFSET_END, deadline);
    if (ends.status().code() == Code::kNotFound && PauseBefore(deadline)) continue;
    if (!ends) return ends.status();
    if (ends->size() == static_cast<size_t>(topic.partitions)) return {};
    return FailedPrecondition("KAFKA_PARTITIONS_DIFFER",
                              "the topic has another number of partitions, and changing it would "
                              "break the order of its keys")
        .With("topic", topic.name)
        .With("partitions", std::to_string(ends->size()));
  }
}

Admin::Admin(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Admin::~Admin() = default;

Result<std::unique_ptr<Admin>> Admin::Create(ClientOptions options) {
  auto rep = std::make_unique<Rep>();
  rep->options = std::move(options);
  Result<native::Client> client = native::MakeClient(native::Kind::kProducer, rep.get(), {});
  if (!client) return client.status();
  rep->client = std::move(*client);
  return std::unique_ptr<Admin>(new Admin(std::move(rep)));
}

Status Admin::Ping(Deadline deadline) {
  return FetchMetadata(rep_->client.get(), deadline).status();
}

Status Admin::CreateTopics(const std::vector<TopicSpec>& topics, Deadline deadline) {
  if (topics.empty()) return {};
  std::vector<NewTopic> owned;
  std::vector<rd_kafka_NewTopic_t*> raw;
  for (const TopicSpec& spec : topics) {
    Result<NewTopic> topic = MakeNewTopic(spec);
    if (!topic) return topic.status();
    raw.push_back(topic->get());
    owned.push_back(std::move(*topic));
  }
  const native::Queue queue(rd_kafka_queue_new(rep_->client.get()));
  const Options options = MakeOptions(rep_->client.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline);
  rd_kafka_CreateTopics(rep_->client.get(), raw.data(), raw.size(), options.get(), queue.get());
  const native::Event event(rd_kafka_queue_poll(queue.get(), native::MillisUntil(deadline) + 100));
  if (!event) return native::ToStatus(RD_KAFKA_RESP_ERR__TIMED_OUT, "create topics");
  if (const auto error = rd_kafka_event_error(event.get())) {
    return native::ToStatus(error, "create topics");
  }
  size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  Status status =
      FirstError(results, count, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "create topics");
  for (const TopicSpec& topic : topics) {
    if (status.ok()) status = rep_->WaitForTopic(topic, deadline);
  }
  return status;
}

Status Admin::DeleteTopics(const std::vector<std::string>& topics, Deadline deadline) {
  if (topics.empty()) return {};
  std::vector<DeleteTopic> owned;
  std::vector<rd_kafka_DeleteTopic_t*> raw;
  for (const std::string& name : topics) {
    raw.push_back(owned.emplace_back(rd_kafka_DeleteTopic_new(name.c_str())).get());
  }
  const native::Queue queue(rd_kafka_queue_new(rep_->client.get()));
  const Options options = MakeOptions(rep_->client.get(), RD_KAFKA_ADMIN_OP_DELETETOPICS, deadline);
  rd_kafka_DeleteTopics(rep_->client.get(), raw.data(), raw.size(), options.get(), queue.get());
  const native::Event event(rd_kafka_queue_poll(queue.get(), native::MillisUntil(deadline) + 100));
  if (!event) return native::ToStatus(RD_KAFKA_RESP_ERR__TIMED_OUT, "delete topics");
  if (const auto error = rd_kafka_event_error(event.get())) {
    return native::ToStatus(error, "delete topics");
  }
  size_t count = 0;
  const auto* const* results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  return FirstError(results, count, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "delete topics");
}

Result<std::vector<std::string>> Admin::ListTopics(Deadline deadline) {
  Result<Metadata> metadata = FetchMetadata(rep_->client.get(), deadline);
  if (!metadata) return metadata.status();
  std::vector<std::string> names;
  for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
    const std::string name = (*metadata)->topics[i].topic;
    if (!name.starts_with("__")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::optional<int32_t>> Admin::CountPartitions(const std::string& topic, Deadline deadline) {
  Result<Metadata> metadata = FetchMetadata(rep_->client.get(), deadline);
  if (!metadata) return metadata.status();
  const rd_kafka_metadata_topic* found = FindTopic(**metadata, topic);
  return found == nullptr ? std::optional<int32_t>() : found->partition_cnt;
}

Result<std::vector<OffsetRange>> Admin::Offsets(const std::string& topic, Deadline deadline) {
  const auto begins = rep_->OffsetsAt(topic, RD_KAFKA_OFFSET_BEGINNING, deadline);
  if (!begins) return begins.status();
  const auto ends = rep_->OffsetsAt(topic, RD_KAFKA_OFFSET_END, deadline);
  if (!ends) return ends.status();
  std::vector<OffsetRange> ranges;
  for (const auto& [partition, end] : *ends) {
    const auto begin = begins->find(partition);
    ranges.push_back({partition, begin == begins->end() ? 0 : begin->second, end});
  }
  return ranges;
}

Result<std::map<int32_t, int64_t>> Admin::OffsetsForTime(const std::string& topic, Time time,
                                                         Deadline deadline) {
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(time).time_since_epoch();
  auto offsets = rep_->OffsetsAt(topic, std::max<int64_t>(0, millis.count()), deadline);
  if (!offsets) return offsets;
  const auto ends = rep_->OffsetsAt(topic, RD_KAFKA_OFFSET_END, deadline);
  if (!ends) return ends;
  for (auto& [partition, offset] : *offsets) {
    if (offset < 0) offset = ends->at(partition);
  }
  return offsets;
}

}  // namespace crm::kafka
