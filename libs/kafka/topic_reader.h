// Reads one topic without a group: to replay it, to fold it, to show it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/kafka/client_options.h"
#include "libs/kafka/message.h"

namespace crm::kafka {

struct TopicReaderOptions {
  ClientOptions client;
  std::string topic;
  // Where to start, by partition; a partition that is not named starts at its beginning.
  std::map<int32_t, int64_t> from;
  // False: read up to the end as it was at Open(). True: go on with what arrives later.
  bool follow = false;
  size_t batch_messages = 1'000;
  size_t fetch_bytes = 8u << 20;
};

// Not thread-safe.
class TopicReader {
 public:
  // NOT_FOUND KAFKA_UNKNOWN_TOPIC; OUT_OF_RANGE KAFKA_OFFSET_GONE where an offset of `from` is not
  // between the partition's beginning and end (what is older than the topic comes from the event
  // log); UNAVAILABLE.
  static Result<std::unique_ptr<TopicReader>> Open(TopicReaderOptions options, Deadline deadline);
  ~TopicReader();

  // Waits up to `timeout` for the first message and returns what is there; each partition in its
  // order. Empty: nothing came in time, or done(). OUT_OF_RANGE KAFKA_OFFSET_GONE where retention
  // overtook the reader.
  Result<std::vector<ReceivedMessage>> Next(std::chrono::milliseconds timeout);
  // Everything up to the end at Open() has been returned. Never true with `follow`.
  bool done() const;

 private:
  struct Rep;
  explicit TopicReader(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::kafka
