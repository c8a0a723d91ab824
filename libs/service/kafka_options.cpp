#include "libs/service/kafka_options.h"

#include "libs/config/config.h"

namespace crm {

namespace {

const char* ProtocolName(config::v1::KafkaSecurity::Protocol protocol) {
  switch (protocol) {
    case config::v1::KafkaSecurity::PROTOCOL_SSL:
      return "ssl";
    case config::v1::KafkaSecurity::PROTOCOL_SASL_PLAINTEXT:
      return "sasl_plaintext";
    case config::v1::KafkaSecurity::PROTOCOL_SASL_SSL:
      return "sasl_ssl";
    default:
      return "plaintext";
  }
}

void Put(std::map<std::string, std::string>& settings, const char* key, const std::string& value) {
  if (!value.empty()) settings[key] = value;
}

}  // namespace

kafka::ClientOptions KafkaOptionsOf(const config::v1::Config& config, const std::string& client,
                                    const log::Logger& log) {
  kafka::ClientOptions options;
  for (const auto& server : config.kafka().bootstrap_servers()) {
    options.brokers += (options.brokers.empty() ? "" : ",") + server;
  }
  options.client_id = "crm." + client;
  const auto& security = config.kafka().security();
  options.security["security.protocol"] = ProtocolName(security.protocol());
  Put(options.security, "ssl.ca.location", security.ca_file());
  Put(options.security, "ssl.certificate.location", security.certificate_file());
  Put(options.security, "ssl.key.location", security.key_file());
  Put(options.security, "sasl.mechanism", security.sasl_mechanism());
  Put(options.security, "sasl.username", security.sasl_username());
  auto password = config::ReadSecret(security.sasl_password_file());
  if (password.ok()) Put(options.security, "sasl.password", *password);
  options.on_log = [log](kafka::LogLevel level, std::string_view line) {
    bool bad = level == kafka::LogLevel::kError || level == kafka::LogLevel::kWarning;
    log.Log(bad ? log::Level::kWarning : log::Level::kDebug, "kafka client",
            {{"line", log::Safe(line)}});
  };
  return options;
}

}  // namespace crm
