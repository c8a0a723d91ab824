// Sends messages to Kafka so that none is lost, none doubled by a retry, and each key's order is
// the order of Send().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "libs/base/status.h"
#include "libs/kafka/client_options.h"
#include "libs/kafka/message.h"

namespace crm::kafka {

struct ProducerOptions {
  ClientOptions client;
  // How long a message waits for company before its batch leaves. 0 is the fastest; a batch that is
  // on its way collects the next one anyway.
  std::chrono::milliseconds linger{0};
  // Bounds of what is accepted and not yet reported. A message is accepted while both are unmet, so
  // the bytes (of keys and values) can exceed theirs by one message.
  size_t max_queued_messages = 10'000;
  size_t max_queued_bytes = 32u << 20;
  // The largest message; must not exceed the topic's max.message.bytes.
  size_t max_message_bytes = 1'000'000;

  // Exactly one of these is called for each accepted message, unless the producer is destroyed
  // before. Both run on the producer's own thread, one at a time, in the order of acknowledgement;
  // they must neither block nor throw, and must not destroy the producer or call Flush() or
  // WaitForSpace().
  std::function<void(uint64_t token, int32_t partition, int64_t offset)> on_delivered;
  // The message may or may not be in the topic. After the first failure that is not due to Purge()
  // the producer is of no use: all later messages fail too, so that no gap arises.
  std::function<void(uint64_t token, const Status& status)> on_failed;
  // No broker can be reached any more. The producer waits for them and goes on by itself; but they
  // may come back with an older disk, and where they remember nothing of this producer they take
  // what follows a gap. On the same thread as the others.
  std::function<void()> on_lost;
};

// An idempotent producer (acks=all, gapless). A broker that is away never fails a message: it waits
// in the queue, without a time limit, until the broker is back, Purge() or destruction.
// Thread-safe.
class Producer {
 public:
  // INVALID_ARGUMENT for options that Kafka refuses. Does not need a broker to be up.
  static Result<std::unique_ptr<Producer>> Create(ProducerOptions options);
  // Drops what is not acknowledged, without reports; no callback runs after it. Takes a
  // second at most, also with the broker away.
  ~Producer();

  // Takes a copy of `message`; its fate is reported under `token`. Never blocks. Fails with
  //   RESOURCE_EXHAUSTED KAFKA_QUEUE_FULL      wait with WaitForSpace(), then send again
  //   INVALID_ARGUMENT KAFKA_MESSAGE_TOO_LARGE
  //   ABORTED KAFKA_PRODUCER_FATAL             see Health()
  Status Send(const Message& message, uint64_t token);
  // True as soon as Send() would accept a message; false when the deadline came first.
  bool WaitForSpace(Deadline deadline);
  // True as soon as every accepted message is reported.
  bool Flush(Deadline deadline);
  // Gives up all that is not acknowledged, in the queue or on the wire: each is reported to
  // on_failed with CANCELLED KAFKA_PURGED. What was on the wire may be in the topic all the same.
  // Destroy the producer afterwards.
  void Purge();

  // OK, or ABORTED KAFKA_PRODUCER_FATAL once and for ever: throw the producer away, make a new one
  // and send again from the first message that was not acknowledged. A broker that is away is no
  // failure here (see Admin::Ping).
  Status Health() const;
  // Accepted and not yet reported.
  size_t queued() const;

 private:
  struct Rep;
  explicit Producer(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::kafka
