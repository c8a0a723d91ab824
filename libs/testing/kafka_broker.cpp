#include "libs/testing/kafka_broker.h"

#include <stdexcept>

#include "libs/kafka/admin.h"
#include "libs/testing/servers.h"

namespace crm::test {
namespace {

kafka::Deadline Soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(30);
}

void Require(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

}  // namespace

struct KafkaBroker::Rep {
  std::string address;
  std::string prefix = KafkaTopicPrefix();
  std::unique_ptr<kafka::Admin> admin;
};

KafkaBroker::KafkaBroker() : KafkaBroker(KafkaAddress()) {}

KafkaBroker::KafkaBroker(std::string address) : rep_(std::make_unique<Rep>()) {
  rep_->address = std::move(address);
  kafka::ClientOptions options;
  options.brokers = rep_->address;
  Result<std::unique_ptr<kafka::Admin>> admin = kafka::Admin::Create(options);
  Require(admin.status());
  rep_->admin = std::move(*admin);
  Require(rep_->admin->Ping(Soon()));
}

KafkaBroker::~KafkaBroker() {
  Result<std::vector<std::string>> topics = rep_->admin->ListTopics(Soon());
  if (!topics) return;
  std::erase_if(*topics, [this](const std::string& name) { return !name.starts_with(prefix()); });
  // The broker may be gone by the test's own doing; then so are the topics, or the next start of
  // the servers drops them.
  static_cast<void>(rep_->admin->DeleteTopics(*topics, Soon()));
}

const std::string& KafkaBroker::address() const {
  return rep_->address;
}
const std::string& KafkaBroker::prefix() const {
  return rep_->prefix;
}

std::string KafkaBroker::MakeTopic(std::string_view stem, int partitions) {
  kafka::TopicSpec topic;
  topic.name = prefix() + std::string(stem);
  topic.partitions = partitions;
  Require(rep_->admin->CreateTopics({topic}, Soon()));
  return topic.name;
}

}  // namespace crm::test
