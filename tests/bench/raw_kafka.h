// RawKafka: the bare producer loop on librdkafka's own interface: the least that an event costs on
// its way into a topic.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/kafka/message.h"

namespace crm::bench {

// As safe as our relay's producer: idempotent, acks=all. Throws std::runtime_error. Not
// thread-safe.
class RawKafka {
 public:
  // `linger_ms`: how long a message waits for company.
  RawKafka(const std::string& brokers, int linger_ms);
  ~RawKafka();

  // Waits while the queue is full.
  void Send(const std::string& topic, const std::string& key, const kafka::ReceivedMessage& like);
  // Until all is acknowledged; throws where something is not.
  void Flush();

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::bench
