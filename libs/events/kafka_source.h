// KafkaSource: brings the events of topics to an EventApplier. Subjects are worked on in parallel,
// each in order; an offset is stored after every event below it is in effect or parked, so a crash
// repeats and never skips.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/events/consumer.h"
#include "libs/kafka/client_options.h"

namespace crm::events {

struct KafkaSourceOptions {
  kafka::ClientOptions kafka;
  // "crm.leads.on_deals", with the prefix of the installation.
  std::string group_id;
  std::vector<std::string> topics;
  // Events under way at most; partitions are paused above.
  size_t window = 512;
  // After so long a silence the broker gives the partitions to another member.
  std::chrono::milliseconds session_timeout = std::chrono::seconds(10);
};

class KafkaSource {
 public:
  KafkaSource(KafkaSourceOptions options, EventApplier& applier, const Clock& clock,
              const log::Logger& log, metrics::Registry& metrics);
  ~KafkaSource();
  KafkaSource(const KafkaSource&) = delete;
  KafkaSource& operator=(const KafkaSource&) = delete;

  void Start();
  // Takes no more, finishes and commits what is under way, leaves the group.
  void Stop(std::chrono::milliseconds patience);

 private:
  struct Rep;
  // What is under way when the patience ends keeps it until it has finished.
  std::shared_ptr<Rep> rep_;
};

}  // namespace crm::events
