// Topics of one test on the Kafka broker that all tests share.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace crm::test {

// Thread-safe.
class KafkaBroker {
 public:
  // The shared broker, or the one at `address`. Throws std::runtime_error where no broker answers.
  KafkaBroker();
  explicit KafkaBroker(std::string address);
  // Deletes every topic whose name begins with prefix(), whoever made it.
  ~KafkaBroker();

  // "127.0.0.1:29092"
  const std::string& address() const;
  // Unique to this object, like "t90163d8694739bae."; also good for group ids.
  const std::string& prefix() const;
  // Makes the topic prefix() + `stem` and returns that name. Throws std::runtime_error.
  std::string MakeTopic(std::string_view stem, int partitions = 8);

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::test
