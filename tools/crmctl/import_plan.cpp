#include "tools/crmctl/import_plan.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using std::filesystem::path;

Result<std::string> ReadFile(const path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return Usage("'" + file.string() + "' cannot be read.");
  return text.str();
}

Result<ImportStep> MappingStep(const path& file, const path& source) {
  auto text = ReadFile(file);
  if (!text) return text.status();
  auto mapping = ParseMapping(file.stem().string(), *text);
  if (!mapping) return mapping.status();
  return ImportStep{std::nullopt, *std::move(mapping), file.stem().string(), source.string()};
}

Result<ImportStep> RecordStep(const path& file) {
  auto text = ReadFile(file);
  if (!text) return text.status();
  return ImportStep{*std::move(text), std::nullopt, file.stem().string(), ""};
}

}  // namespace

Result<std::vector<ImportStep>> ReadImportPlan(const std::string& path, const std::string& source) {
  auto text = ReadFile(path);
  if (!text) return text.status();
  std::vector<ImportStep> steps;
  const auto folder = std::filesystem::path(path).parent_path();
  try {
    YAML::Node plan = YAML::Load(*text)["imports"];
    if (!plan) {
      auto step = MappingStep(path, source);
      if (!step) return step.status();
      steps.push_back(*std::move(step));
    }
    for (const auto& node : plan) {
      auto step =
          node["records"]
              ? RecordStep(folder / node["records"].as<std::string>())
              : MappingStep(folder / node["mapping"].as<std::string>(),
                            std::filesystem::path(source) / node["source"].as<std::string>());
      if (!step) return step.status();
      steps.push_back(*std::move(step));
    }
  } catch (const YAML::Exception& error) {
    return Usage(path + ": " + error.what());
  }
  return steps;
}

}  // namespace crm::ctl
