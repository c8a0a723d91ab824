#include "libs/testing/kafka_process.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "libs/kafka/admin.h"
#include "libs/testing/eventually.h"
#include "libs/testing/servers.h"
#include "libs/testing/socket.h"

namespace crm::test {
namespace {

constexpr std::chrono::seconds kStartPatience(60);

std::string Configuration(const std::filesystem::path& folder, int port, int controller,
                          const std::string& advertised) {
  std::ostringstream text;
  text << "process.roles=broker,controller\n"
       << "node.id=1\n"
       << "controller.quorum.voters=1@127.0.0.1:" << controller << "\n"
       << "controller.listener.names=CONTROLLER\n"
       << "listeners=PLAINTEXT://127.0.0.1:" << port << ",CONTROLLER://127.0.0.1:" << controller
       << "\nadvertised.listeners=PLAINTEXT://" << advertised << "\n"
       << "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
       << "log.dirs=" << (folder / "logs").string() << "\n"
       << "log.index.size.max.bytes=1048576\n"
       << "num.partitions=8\n"
       << "auto.create.topics.enable=false\n"
       << "offsets.topic.num.partitions=1\n"
       << "offsets.topic.replication.factor=1\n"
       << "transaction.state.log.num.partitions=1\n"
       << "transaction.state.log.replication.factor=1\n"
       << "transaction.state.log.min.isr=1\n"
       // A killed broker is taken back as soon as it is up again.
       << "broker.heartbeat.interval.ms=200\n"
       << "broker.session.timeout.ms=1000\n"
       << "group.initial.rebalance.delay.ms=0\n"
       << "group.min.session.timeout.ms=1000\n";
  return text.str();
}

constexpr char kLogging[] =
    "log4j.rootLogger=WARN, stdout\n"
    "log4j.appender.stdout=org.apache.log4j.ConsoleAppender\n"
    "log4j.appender.stdout.layout=org.apache.log4j.PatternLayout\n"
    "log4j.appender.stdout.layout.ConversionPattern=%d{ISO8601} %p %m (%c)%n\n";

}  // namespace

KafkaProcess::KafkaProcess(KafkaOptions options)
    : options_(std::move(options)),
      folder_(std::filesystem::temp_directory_path() / UniqueName("kafka")),
      port_(FreePort()),
      controller_port_(FreePort()),
      address_("127.0.0.1:" + std::to_string(port_)) {
  std::filesystem::create_directories(folder_);
  Advertise(address_);
  std::ofstream(folder_ / "log4j.properties") << kLogging;
  Process format({.argv = Java({"kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk",
                                "-c", (folder_ / "broker.properties").string()})});
  if (format.Wait(kStartPatience) != 0) throw std::runtime_error(format.Log());
}

KafkaProcess::~KafkaProcess() {
  process_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void KafkaProcess::Advertise(const std::string& address) {
  std::ofstream file(folder_ / "broker.properties");
  file << Configuration(folder_, port_, controller_port_, address);
  for (const auto& setting : options_.settings) file << setting << "\n";
}

std::vector<std::string> KafkaProcess::Java(std::vector<std::string> arguments) const {
  const char* jars = std::getenv("CRM_KAFKA_JARS");
  std::vector<std::string> argv = {"java"};
  argv.insert(argv.end(), options_.jvm.begin(), options_.jvm.end());
  argv.insert(argv.end(),
              {"-Dlog4j.configuration=file:" + (folder_ / "log4j.properties").string(), "-cp",
               std::string(jars != nullptr && *jars != '\0' ? jars : ".local/kafka") + "/*"});
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

void KafkaProcess::Start() {
  process_ = std::make_unique<Process>(
      ProcessOptions{.argv = Java({"kafka.Kafka", (folder_ / "broker.properties").string()}),
                     .log = (folder_ / "broker.log").string()});
  kafka::ClientOptions options;
  options.brokers = address_;
  const auto admin = kafka::Admin::Create(options);
  if (!admin) throw std::runtime_error(admin.status().ToString());
  const auto answers = [&] {
    if (!process_->running()) throw std::runtime_error("the broker ended:\n" + Log());
    return (*admin)->Ping(std::chrono::steady_clock::now() + std::chrono::seconds(1)).ok();
  };
  if (!Eventually(answers, kStartPatience)) throw std::runtime_error("no answer:\n" + Log());
}

void KafkaProcess::Kill() {
  process_->Kill();
}

void KafkaProcess::Stop() {
  process_->Terminate();
  if (!process_->Wait(kStartPatience)) throw std::runtime_error("the broker does not stop");
}

void KafkaProcess::Pause() {
  process_->Pause();
}

void KafkaProcess::Continue() {
  process_->Continue();
}

void KafkaProcess::KeepImage() {
  std::filesystem::copy(folder_ / "logs", folder_ / "image",
                        std::filesystem::copy_options::recursive);
}

void KafkaProcess::RestoreImage() {
  std::filesystem::remove_all(folder_ / "logs");
  std::filesystem::rename(folder_ / "image", folder_ / "logs");
}

std::string KafkaProcess::Log() const {
  return process_->Log();
}

}  // namespace crm::test
