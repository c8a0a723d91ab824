// A Kafka broker of one's own, for tests that take the broker away.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "libs/testing/process.h"

namespace crm::test {

struct KafkaOptions {
  // Flags of its JVM: by default up soon and small, for tests.
  std::vector<std::string> jvm = {"-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"};
  // Lines of its configuration besides those that every broker here has.
  std::vector<std::string> settings{};
};

// One KRaft node in a child process with its own folder and with ports that stay the same over
// restarts. A start takes three to five seconds and 330 MB, so use the shared KafkaBroker where the
// broker stays up. The jars come from CRM_KAFKA_JARS, or .local/kafka. Topics are not created by
// use. Not thread-safe; see Process about threads.
class KafkaProcess {
 public:
  // Formats the storage; starts nothing. Throws std::runtime_error, as all members do where Kafka
  // does not what is asked.
  explicit KafkaProcess(KafkaOptions options = {});
  // Kills the broker and deletes its folder.
  ~KafkaProcess();

  // "127.0.0.1:<port>", also while it is down.
  const std::string& address() const { return address_; }

  // From the next Start() on, the broker sends clients to `address`: that of a TcpGate whose target
  // is address().
  void Advertise(const std::string& address);
  // Returns when the broker answers.
  void Start();
  // kill -9.
  void Kill();
  // Clean shutdown.
  void Stop();
  // The broker stands still, with its connections open.
  void Pause();
  void Continue();

  // While it is down: keeps what is on its disk, and puts that back, as after a power cut or the
  // restore of a backup. What was written in between is gone.
  void KeepImage();
  void RestoreImage();

  // The broker's output of all runs.
  std::string Log() const;

 private:
  std::vector<std::string> Java(std::vector<std::string> arguments) const;

  const KafkaOptions options_;
  const std::filesystem::path folder_;
  const int port_;
  const int controller_port_;
  const std::string address_;
  std::unique_ptr<Process> process_;
};

}  // namespace crm::test
