// The configuration of a process: read once, before anything else is made, and passed on as a
// value.
//
//   auto config = config::Load({.file = "crm.yaml", .environment = config::Environment(), .sets =
//   flags}); if (!config) { std::cerr << config.status().message(); return 2; }
//
// Keys, defaults and the order of sources: proto/crm/config/v1/config.proto. Everything that is
// wrong is reported at once, each with its place, as one INVALID_ARGUMENT with reason
// CONFIG_INVALID; its message is meant for the operator:
//
//   crm.yaml:3: kafka.bootstrap_server is not a known key; did you mean kafka.bootstrap_servers?
//   CRM_LOG__LEVEL: log.level is one of debug, info, warning, error, not 'verbose'.
//
// Functions; thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "crm/config/v1/config.pb.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace crm::config {

struct Sources {
  // YAML; empty: none.
  std::string file = {};
  // NAME=value. Of the names that begin with CRM_ those with "__" in them and those of a list at
  // the top (CRM_TARGET) are settings; others belong to tools and are left alone.
  std::vector<std::string> environment = {};
  // key=value, as given to --set.
  std::vector<std::string> sets = {};
};

// The environment of this process. Call before threads are started.
std::vector<std::string> Environment();

// Defaults, then the sources in their order. Reasons besides CONFIG_INVALID:
// CONFIG_FILE_UNREADABLE, CONFIG_SYNTAX.
Result<v1::Config> Load(const Sources& sources);

// The same for YAML text; `name` stands for it in messages.
Result<v1::Config> LoadText(std::string_view yaml, const std::string& name = "text");

// All keys and values in force as YAML that Load() would read again, sensitive values masked as
// ***.
std::string ToYaml(const v1::Config& config);

// OK where each key (a path like "kafka.bootstrap_servers") is set; otherwise CONFIG_INVALID that
// says how to set the missing.
Status Require(const v1::Config& config, std::initializer_list<std::string_view> paths);

// Whether this process is to run the module.
bool Runs(const v1::Config& config, std::string_view module);

// The database of one module: its own values over the general ones, `{module}` replaced, schema and
// roles filled.
v1::PostgresModule PostgresOf(const v1::Config& config, const std::string& module);

// The content of a secret's file without trailing line breaks; "" for an empty path. At most 64
// KiB. Errors name the file and never its content: reason CONFIG_SECRET_UNREADABLE.
Result<std::string> ReadSecret(const std::string& file);

// A duration of the configuration.
Duration ToDuration(const google::protobuf::Duration& duration);

}  // namespace crm::config
