#include "libs/kafka/native.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>

namespace crm::kafka {

const std::string* ReceivedMessage::Header(std::string_view name) const {
  for (const auto& [header_name, header] : headers) {
    if (header_name == name) return &header;
  }
  return nullptr;
}

Status CheckSecurity(const std::map<std::string, std::string>& security) {
  static constexpr std::array<std::string_view, 8> kAllowed = {
      "security.protocol", "sasl.mechanism",           "sasl.username",    "sasl.password",
      "ssl.ca.location",   "ssl.certificate.location", "ssl.key.location", "ssl.key.password"};
  Status status = InvalidArgument("KAFKA_BAD_OPTION", "unknown Kafka security option");
  for (const auto& [key, ignored] : security) {
    if (std::find(kAllowed.begin(), kAllowed.end(), key) == kAllowed.end()) {
      status.Violates("security." + key, "is not a security option of this client");
    }
  }
  return status.field_violations().empty() ? Status() : status;
}

namespace native {
namespace {

struct ConfigDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Config = std::unique_ptr<rd_kafka_conf_t, ConfigDeleter>;

LogLevel ToLevel(int syslog_level) {
  if (syslog_level <= 3) return LogLevel::kError;
  if (syslog_level == 4) return LogLevel::kWarning;
  return syslog_level <= 6 ? LogLevel::kInfo : LogLevel::kDebug;
}

void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  const auto* owner = static_cast<const Owner*>(rd_kafka_opaque(client));
  owner->Log(ToLevel(level), std::string(facility) + ": " + text);
}

void OnError(rd_kafka_t*, int error, const char* text, void* opaque) {
  const auto* owner = static_cast<const Owner*>(opaque);
  owner->Log(LogLevel::kWarning,
             std::string(rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(error))) + ": " + text);
}

void OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* list,
                 void* opaque) {
  static_cast<Owner*>(opaque)->OnRebalance(error, list);
}

void OnCommit(rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* list,
              void* opaque) {
  static_cast<Owner*>(opaque)->OnCommit(error, list);
}

Status SetAll(rd_kafka_conf_t* conf, const Properties& properties) {
  char text[512];
  for (const auto& [key, value] : properties) {
    if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), text, sizeof text) !=
        RD_KAFKA_CONF_OK) {
      return InvalidArgument("KAFKA_BAD_OPTION", text).With("option", key);
    }
  }
  return {};
}

Properties SharedProperties(const ClientOptions& options) {
  return {
      {"bootstrap.servers", options.brokers},
      {"client.id", options.client_id},
      // Small requests must not wait for the acknowledgement of the previous packet.
      {"socket.nagle.disable", "true"},
      {"socket.keepalive.enable", "true"},
      // A broker that hangs is noticed after ten seconds, one that is back is found within one.
      {"socket.timeout.ms", "10000"},
      {"socket.connection.setup.timeout.ms", "5000"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
      {"log.connection.close", "false"},
  };
}

struct Outcome {
  Code code;
  const char* reason;
};

Outcome Classify(int error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return {Code::kResourceExhausted, "KAFKA_QUEUE_FULL"};
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return {Code::kInvalidArgument, "KAFKA_MESSAGE_TOO_LARGE"};
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return {Code::kCancelled, "KAFKA_PURGED"};
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return {Code::kNotFound, "KAFKA_UNKNOWN_TOPIC"};
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return {Code::kAlreadyExists, "KAFKA_TOPIC_EXISTS"};
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return {Code::kInvalidArgument, "KAFKA_BAD_TOPIC"};
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return {Code::kOutOfRange, "KAFKA_OFFSET_GONE"};
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return {Code::kPermissionDenied, "KAFKA_NOT_AUTHORIZED"};
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
      return {Code::kAborted, "KAFKA_REBALANCING"};
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__DESTROY:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
      return {Code::kUnavailable, "KAFKA_UNAVAILABLE"};
    default:
      return {Code::kInternal, "KAFKA_ERROR"};
  }
}

}  // namespace

void Deleter::operator()(rd_kafka_s* client) const {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
void Deleter::operator()(rd_kafka_message_s* message) const {
  rd_kafka_message_destroy(message);
}
void Deleter::operator()(rd_kafka_op_s* event) const {
  rd_kafka_event_destroy(event);
}
void Deleter::operator()(rd_kafka_queue_s* queue) const {
  rd_kafka_queue_destroy(queue);
}
void Deleter::operator()(rd_kafka_topic_partition_list_s* list) const {
  rd_kafka_topic_partition_list_destroy(list);
}

void Owner::Log(LogLevel level, std::string_view line) const {
  if (options.on_log) options.on_log(level, line);
}

Result<Client> MakeClient(Kind kind, Owner* owner, const Properties& properties) {
  if (Status status = CheckSecurity(owner->options.security); !status.ok()) return status;
  Config conf(rd_kafka_conf_new());
  for (const Properties& part :
       {SharedProperties(owner->options), owner->options.security, properties}) {
    if (Status status = SetAll(conf.get(), part); !status.ok()) return status;
  }
  rd_kafka_conf_set_opaque(conf.get(), owner);
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  // Producers take errors as events; a consumer's rebalance is served by whoever polls it.
  if (kind == Kind::kProducer) {
    rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  } else {
    rd_kafka_conf_set_error_cb(conf.get(), OnError);
    rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
    rd_kafka_conf_set_offset_commit_cb(conf.get(), OnCommit);
  }
  char text[512];
  rd_kafka_t* client = rd_kafka_new(kind == Kind::kProducer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                    conf.get(), text, sizeof text);
  if (client == nullptr) return InvalidArgument("KAFKA_BAD_OPTION", text);
  conf.release();  // now the client's
  return Client(client);
}

Status ToStatus(int error, std::string_view doing) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  const Outcome outcome = Classify(error);
  return Status(outcome.code, outcome.reason, std::string(doing) + ": " + rd_kafka_err2str(code))
      .With("kafka_error", rd_kafka_err2name(code));
}

int MillisUntil(Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1'000'000'000));
}

ReceivedMessage Copy(const rd_kafka_message_s& message) {
  ReceivedMessage copy;
  copy.topic = rd_kafka_topic_name(message.rkt);
  copy.partition = message.partition;
  copy.offset = message.offset;
  if (message.key != nullptr)
    copy.key.assign(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) {
    copy.value.assign(static_cast<const char*>(message.payload), message.len);
  }
  copy.timestamp = Time(std::chrono::milliseconds(rd_kafka_message_timestamp(&message, nullptr)));
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    copy.headers.reserve(rd_kafka_header_cnt(headers));
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      copy.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
    }
  }
  return copy;
}

Partitions MakeList(const std::vector<TopicPartition>& partitions) {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& one : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), one.partition);
  }
  return list;
}

std::vector<TopicPartition> FromList(const rd_kafka_topic_partition_list_s& list) {
  std::vector<TopicPartition> partitions;
  partitions.reserve(list.cnt);
  for (int i = 0; i < list.cnt; ++i) {
    partitions.push_back({list.elems[i].topic, list.elems[i].partition});
  }
  return partitions;
}

}  // namespace native
}  // namespace crm::kafka
