// The Kafka client's options from the configuration.
#pragma once

#include <string>

#include "crm/config/v1/config.pb.h"
#include "libs/kafka/client_options.h"
#include "libs/log/logger.h"

namespace crm {

// The client's own lines go to `log`.
kafka::ClientOptions KafkaOptionsOf(const config::v1::Config& config, const std::string& client,
                                    const log::Logger& log);

}  // namespace crm
