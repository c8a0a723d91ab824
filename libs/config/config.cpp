#include "libs/config/config.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "libs/config/assign.h"
#include "libs/config/defaults.h"
#include "libs/config/yaml.h"

namespace crm::config {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::string_view kPrefix = "CRM_";
constexpr size_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxSecretBytes = 64 << 10;

// The file's bytes; nullopt where it cannot be read or is larger than `limit`.
std::optional<std::string> ReadFile(const std::string& file, size_t limit) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  std::string text(limit + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || stream.gcount() > static_cast<std::streamsize>(limit)) return std::nullopt;
  // Reading a folder fails without an end of file.
  if (!stream.eof()) return std::nullopt;
  text.resize(static_cast<size_t>(stream.gcount()));
  return text;
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

void ReplaceAll(std::string& text, std::string_view what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// The key that a variable sets: CRM_KAFKA__TOPIC_PREFIX is kafka.topic_prefix. nullopt: not a
// setting.
std::optional<std::string> KeyOfVariable(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::string key = LowerCase(std::string(name.substr(kPrefix.size())));
  if (key.find("__") == std::string::npos) {
    const FieldDescriptor* field = v1::Config::descriptor()->FindFieldByName(key);
    bool is_value = field != nullptr && !field->is_map() && IsScalar(*field);
    return is_value ? std::optional(key) : std::nullopt;
  }
  ReplaceAll(key, "__", ".");
  return key;
}

void ApplyEnvironment(v1::Config& config, std::vector<std::string> environment,
                      Problems& problems) {
  std::sort(environment.begin(), environment.end());
  for (const auto& variable : environment) {
    size_t equals = variable.find('=');
    if (equals == std::string::npos) continue;
    std::string name = variable.substr(0, equals);
    auto key = KeyOfVariable(name);
    if (key) Assign(config, variable.substr(equals + 1), {*key, name}, problems);
  }
}

void ApplySets(v1::Config& config, const std::vector<std::string>& sets, Problems& problems) {
  for (const auto& set : sets) {
    size_t equals = set.find('=');
    if (equals == std::string::npos) {
      problems.Add("--set", set, "needs a value: --set key=value.");
    } else {
      Assign(config, set.substr(equals + 1), {set.substr(0, equals), "--set"}, problems);
    }
  }
}

v1::Config Defaults() {
  v1::Config config;
  Problems problems;
  Status status = ApplyYaml(config, kDefaults, "defaults", problems);
  // A test loads them; here they can only be right.
  if (!status.ok() || !problems.empty()) std::abort();
  return config;
}

bool IsSet(const Message& root, std::string_view path) {
  size_t dot = path.find('.');
  const auto* field = root.GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
  if (field == nullptr) return false;
  if (field->is_repeated()) return root.GetReflection()->FieldSize(root, field) > 0;
  if (!root.GetReflection()->HasField(root, field)) return false;
  if (dot == std::string_view::npos) return true;
  return IsSet(root.GetReflection()->GetMessage(root, field), path.substr(dot + 1));
}

std::string VariableOf(std::string_view path) {
  std::string name(path);
  ReplaceAll(name, ".", "__");
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return std::string(kPrefix) + name;
}

}  // namespace

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

Result<v1::Config> Load(const Sources& sources) {
  v1::Config config = Defaults();
  Problems problems;
  if (!sources.file.empty()) {
    auto yaml = ReadFile(sources.file, kMaxFileBytes);
    if (!yaml) {
      Status status(Code::kInvalidArgument, "CONFIG_FILE_UNREADABLE",
                    sources.file + ": this file cannot be read, or is larger than 1 MiB.");
      status.With("file", sources.file);
      return status;
    }
    Status status = ApplyYaml(config, *yaml, sources.file, problems);
    if (!status.ok()) return status;
  }
  ApplyEnvironment(config, sources.environment, problems);
  ApplySets(config, sources.sets, problems);
  if (!problems.empty()) return problems.ToStatus();
  return config;
}

Result<v1::Config> LoadText(std::string_view yaml, const std::string& name) {
  v1::Config config = Defaults();
  Problems problems;
  Status status = ApplyYaml(config, yaml, name, problems);
  if (!status.ok()) return status;
  if (!problems.empty()) return problems.ToStatus();
  return config;
}

std::string ToYaml(const v1::Config& config) {
  return PrintYaml(config);
}

Status Require(const v1::Config& config, std::initializer_list<std::string_view> paths) {
  Problems problems;
  for (std::string_view path : paths) {
    if (IsSet(config, path)) continue;
    problems.Add("configuration", std::string(path),
                 "is missing; set it in the file, as " + VariableOf(path) + " or by --set.");
  }
  return problems.ToStatus();
}

bool Runs(const v1::Config& config, std::string_view module) {
  return std::any_of(
      config.target().begin(), config.target().end(),
      [&](const std::string& target) { return target == "all" || target == module; });
}

v1::PostgresModule PostgresOf(const v1::Config& config, const std::string& module) {
  const v1::Postgres& general = config.postgres();
  v1::PostgresModule merged;
  merged.set_dsn(general.dsn());
  merged.set_password_file(general.password_file());
  merged.set_pool_size(general.pool_size());
  *merged.mutable_pool_wait() = general.pool_wait();
  *merged.mutable_connect_timeout() = general.connect_timeout();
  merged.set_owner_dsn(general.owner_dsn());
  merged.set_owner_password_file(general.owner_password_file());
  merged.set_schema("crm_{module}");
  merged.set_role("crm_{module}");
  merged.set_scan_role("crm_{module}_scan");
  auto own = general.modules().find(module);
  if (own != general.modules().end()) {
    // Merging would add the parts of two durations up.
    if (own->second.has_pool_wait()) merged.clear_pool_wait();
    if (own->second.has_connect_timeout()) merged.clear_connect_timeout();
    merged.MergeFrom(own->second);
  }
  for (auto* text :
       {merged.mutable_dsn(), merged.mutable_password_file(), merged.mutable_owner_dsn(),
        merged.mutable_owner_password_file(), merged.mutable_schema(), merged.mutable_role(),
        merged.mutable_scan_role(), merged.mutable_scan_password_file()}) {
    ReplaceAll(*text, "{module}", module);
  }
  return merged;
}

Result<std::string> ReadSecret(const std::string& file) {
  if (file.empty()) return std::string();
  auto text = ReadFile(file, kMaxSecretBytes);
  if (!text) {
    Status status =
        FailedPrecondition("CONFIG_SECRET_UNREADABLE",
                           file + ": this secret's file cannot be read, or is larger than 64 KiB.");
    status.With("file", file);
    return status;
  }
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  return *std::move(text);
}

}  // namespace crm::config
