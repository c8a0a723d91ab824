#include "tests/bench/raw_kafka.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <stdexcept>

namespace crm::bench {

struct RawKafka::Rep {
  rd_kafka_t* producer = nullptr;
  rd_kafka_headers_t* headers = nullptr;
  std::atomic<int64_t> failed = 0;

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) ++static_cast<Rep*>(opaque)->failed;
  }
};

RawKafka::RawKafka(const std::string& brokers, int linger_ms) : rep_(std::make_unique<Rep>()) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[200];
  auto set = [&](const char* name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(error);
    }
  };
  set("bootstrap.servers", brokers);
  set("enable.idempotence", "true");
  set("linger.ms", std::to_string(linger_ms));
  set("queue.buffering.max.messages", "100000");
  rd_kafka_conf_set_opaque(conf, rep_.get());
  rd_kafka_conf_set_dr_msg_cb(conf, Rep::OnDelivery);
  rep_->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (rep_->producer == nullptr) throw std::runtime_error(error);
}

RawKafka::~RawKafka() {
  rd_kafka_destroy(rep_->producer);
  if (rep_->headers != nullptr) rd_kafka_headers_destroy(rep_->headers);
}

void RawKafka::Send(const std::string& topic, const std::string& key,
                    const kafka::ReceivedMessage& like) {
  if (rep_->headers == nullptr) {
    rep_->headers = rd_kafka_headers_new(like.headers.size());
    for (const auto& [name, value] : like.headers) {
      rd_kafka_header_add(rep_->headers, name.data(), static_cast<ssize_t>(name.size()),
                          value.data(), static_cast<ssize_t>(value.size()));
    }
  }
  rd_kafka_headers_t* headers = rd_kafka_headers_copy(rep_->headers);
  for (;;) {
    // What rd_kafka_producev's macros make of them is GNU's C++.
    std::array<rd_kafka_vu_t, 5> fields{};
    fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    fields[0].u.cstr = topic.c_str();
    fields[1].vtype = RD_KAFKA_VTYPE_KEY;
    fields[1].u.mem = {const_cast<char*>(key.data()), key.size()};
    fields[2].vtype = RD_KAFKA_VTYPE_VALUE;
    fields[2].u.mem = {const_cast<char*>(like.value.data()), like.value.size()};
    fields[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    fields[3].u.i = RD_KAFKA_MSG_F_COPY;
    fields[4].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[4].u.headers = headers;
    rd_kafka_error_t* error = rd_kafka_produceva(rep_->producer, fields.data(), fields.size());
    if (error == nullptr) break;
    auto code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) throw std::runtime_error(rd_kafka_err2str(code));
    rd_kafka_poll(rep_->producer, 10);
  }
  rd_kafka_poll(rep_->producer, 0);
}

void RawKafka::Flush() {
  rd_kafka_flush(rep_->producer, 60'000);
  if (rd_kafka_outq_len(rep_->producer) != 0 || rep_->failed != 0) {
    throw std::runtime_error("Kafka did not take all messages");
  }
}

}  // namespace crm::bench
