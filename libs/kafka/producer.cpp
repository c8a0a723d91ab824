#include "libs/kafka/producer.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "libs/kafka/native.h"

namespace crm::kafka {
namespace {

void* ToOpaque(uint64_t token) {
  return reinterpret_cast<void*>(token);
}
uint64_t ToToken(const void* opaque) {
  return reinterpret_cast<uint64_t>(opaque);
}

rd_kafka_vu_t Topic(const std::string& name) {
  rd_kafka_vu_t field{};
  field.vtype = RD_KAFKA_VTYPE_TOPIC;
  field.u.cstr = name.c_str();
  return field;
}

rd_kafka_vu_t Bytes(rd_kafka_vtype_t type, const std::string& bytes, bool null_if_empty) {
  rd_kafka_vu_t field{};
  field.vtype = type;
  field.u.mem.ptr = null_if_empty && bytes.empty() ? nullptr : const_cast<char*>(bytes.data());
  field.u.mem.size = bytes.size();
  return field;
}

native::Properties ToProperties(const ProducerOptions& options) {
  // The queue is bounded by our own count, which Send() and WaitForSpace() share; librdkafka's
  // bounds only lie outside it.
  const size_t kbytes = (options.max_queued_bytes + options.max_message_bytes) / 1024 + 1;
  return {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"enable.gapless.guarantee", "true"},
      {"message.timeout.ms", "0"},
      {"request.timeout.ms", "10000"},
      {"retry.backoff.ms", "50"},
      {"partitioner", "murmur2_random"},
      {"linger.ms", std::to_string(options.linger.count())},
      {"message.max.bytes", std::to_string(options.max_message_bytes)},
      {"queue.buffering.max.messages", std::to_string(options.max_queued_messages + 1)},
      {"queue.buffering.max.kbytes", std::to_string(2 * kbytes)},
  };
}

}  // namespace

struct Producer::Rep : native::Owner {
  explicit Rep(ProducerOptions o) : producer(std::move(o)) { options = producer.client; }
  ~Rep() override;

  void Run();
  void Report(const rd_kafka_message_t& message);
  bool HasSpace() const {
    return messages < producer.max_queued_messages && bytes < producer.max_queued_bytes;
  }
  void Release(size_t count, size_t size);

  const ProducerOptions producer;
  native::Client client;
  native::Queue events;  // before the client in destruction

  mutable std::mutex mutex;
  std::condition_variable released;
  size_t messages = 0;  // GUARDED_BY(mutex)
  size_t bytes = 0;     // GUARDED_BY(mutex)

  std::atomic<bool> stopping = false;
  std::thread thread;
};

Producer::Rep::~Rep() {
  stopping = true;
  if (thread.joinable()) {
    rd_kafka_queue_yield(events.get());
    thread.join();
  }
  // Without this, destruction waits for the answers to what is on the wire.
  if (client) {
    rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                     RD_KAFKA_PURGE_F_NON_BLOCKING);
  }
}

void Producer::Rep::Run() {
  while (!stopping) {
    native::Event event(rd_kafka_queue_poll(events.get(), 1000));
    if (!event || stopping) continue;
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_ERROR) {
      Log(rd_kafka_event_error_is_fatal(event.get()) ? LogLevel::kError : LogLevel::kWarning,
          rd_kafka_event_error_string(event.get()));
      const bool lost = rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
      if (lost && producer.on_lost) producer.on_lost();
      continue;
    }
    size_t count = 0;
    size_t size = 0;
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
      Report(*message);
      ++count;
      size += message->len + message->key_len;
    }
    // Once per batch of reports, so that a sender that waits wakes for many free places, not for
    // one.
    if (count > 0) Release(count, size);
  }
}

void Producer::Rep::Report(const rd_kafka_message_t& message) {
  const uint64_t token = ToToken(message._private);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (producer.on_delivered) {
      producer.on_delivered(token, message.partition, message.offset);
    }
  } else if (producer.on_failed) {
    producer.on_failed(token, native::ToStatus(message.err, "deliver"));
  }
}

void Producer::Rep::Release(size_t count, size_t size) {
  {
    std::lock_guard lock(mutex);
    messages -= count;
    bytes -= size;
  }
  released.notify_all();
}

Producer::Producer(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Producer::~Producer() = default;

Result<std::unique_ptr<Producer>> Producer::Create(ProducerOptions options) {
  auto rep = std::make_unique<Rep>(std::move(options));
  Result<native::Client> client =
      native::MakeClient(native::Kind::kProducer, rep.get(), ToProperties(rep->producer));
  if (!client) return client.status();
  rep->client = std::move(*client);
  rep->events.reset(rd_kafka_queue_get_main(rep->client.get()));
  rep->thread = std::thread([r = rep.get()] { r->Run(); });
  return std::unique_ptr<Producer>(new Producer(std::move(rep)));
}

Status Producer::Send(const Message& message, uint64_t token) {
  const size_t size = message.key.size() + message.value.size();
  {
    std::lock_guard lock(rep_->mutex);
    if (!rep_->HasSpace()) {
      return Status(Code::kResourceExhausted, "KAFKA_QUEUE_FULL",
                    "too many messages wait for the broker: wait for space and send again");
    }
    ++rep_->messages;
    rep_->bytes += size;
  }
  std::array<rd_kafka_vu_t, 7> fields{};
  size_t count = 0;
  fields[count++] = Topic(message.topic);
  fields[count++] = Bytes(RD_KAFKA_VTYPE_KEY, message.key, true);
  fields[count++] = Bytes(RD_KAFKA_VTYPE_VALUE, message.value, false);
  fields[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[count++].u.ptr = ToOpaque(token);
  fields[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[count++].u.i = RD_KAFKA_MSG_F_COPY;
  if (message.timestamp) {
    fields[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    fields[count++].u.i64 = std::chrono::floor<std::chrono::milliseconds>(*message.timestamp)
                                .time_since_epoch()
                                .count();
  }
  rd_kafka_headers_t* headers = nullptr;
  if (!message.headers.empty()) {
    headers = rd_kafka_headers_new(message.headers.size());
    for (const auto& [name, value] : message.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    fields[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[count++].u.headers = headers;
  }
  rd_kafka_error_t* error = rd_kafka_produceva(rep_->client.get(), fields.data(), count);
  if (error == nullptr) return {};
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  rep_->Release(1, size);
  if (Status health = Health(); !health.ok()) return health;
  return native::ToStatus(code, "send");
}

bool Producer::WaitForSpace(Deadline deadline) {
  std::unique_lock lock(rep_->mutex);
  return rep_->released.wait_until(lock, deadline, [this] { return rep_->HasSpace(); });
}

bool Producer::Flush(Deadline deadline) {
  std::unique_lock lock(rep_->mutex);
  return rep_->released.wait_until(lock, deadline, [this] { return rep_->messages == 0; });
}

void Producer::Purge() {
  rd_kafka_purge(rep_->client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

Status Producer::Health() const {
  char text[512];
  const rd_kafka_resp_err_t error = rd_kafka_fatal_error(rep_->client.get(), text, sizeof text);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return Status(Code::kAborted, "KAFKA_PRODUCER_FATAL", std::string("make a new producer: ") + text)
      .With("kafka_error", rd_kafka_err2name(error));
}

size_t Producer::queued() const {
  std::lock_guard lock(rep_->mutex);
  return rep_->messages;
}

}  // namespace crm::kafka
