// Mappings from YAML; what they mean is said in tools/crmctl/mapping.h.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <initializer_list>
#include <set>

#include "tools/crmctl/mapping.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

// Thrown and caught in this file, as yaml-cpp's own exceptions are.
struct Mistake {
  std::string what;
};

void CheckKeys(const YAML::Node& node, const std::string& where,
               std::initializer_list<const char*> known) {
  if (!node.IsMap()) throw Mistake{where + " must be a map"};
  for (const auto& entry : node) {
    auto key = entry.first.as<std::string>();
    if (std::ranges::find(known, key) == known.end()) {
      throw Mistake{"'" + key + "' means nothing in " + where};
    }
  }
}

std::string Text(const YAML::Node& node, const char* key) {
  return node[key] ? node[key].as<std::string>() : "";
}

bool Flag(const YAML::Node& node, const char* key) {
  return node[key] && node[key].as<bool>();
}

std::optional<RowCondition> Condition(const YAML::Node& node, const std::string& where) {
  if (!node) return std::nullopt;
  CheckKeys(node, where + ".when", {"column", "in"});
  return RowCondition{node["column"].as<std::string>(), node["in"].as<std::vector<std::string>>()};
}

ValueRule Value(const std::string& path, const YAML::Node& node) {
  CheckKeys(node, path,
            {"field", "column", "value", "trim", "alias", "only_aliases", "default", "required",
             "strip", "money", "times", "time_of_day", "prefix", "lookup", "later", "when"});
  ValueRule rule;
  rule.path = path;
  rule.column = Text(node, "column");
  rule.value = Text(node, "value");
  if (rule.column.empty() == rule.value.empty()) {
    throw Mistake{path + " takes its value from one of `column` and `value`"};
  }
  rule.trim = Flag(node, "trim");
  if (node["alias"]) rule.alias = node["alias"].as<std::map<std::string, std::string>>();
  rule.only_aliases = Flag(node, "only_aliases");
  rule.fallback = Text(node, "default");
  rule.required = Flag(node, "required");
  rule.strip = Text(node, "strip");
  rule.currency = Text(node, "money");
  if (node["times"]) rule.times = node["times"].as<int64_t>();
  rule.time_of_day = Text(node, "time_of_day");
  rule.prefix = Text(node, "prefix");
  if (node["lookup"]) {
    CheckKeys(node["lookup"], path + ".lookup", {"collection", "by"});
    rule.lookup_collection = node["lookup"]["collection"].as<std::string>();
    rule.lookup_by = node["lookup"]["by"].as<std::string>();
  }
  rule.later = Flag(node, "later");
  rule.when = Condition(node["when"], path);
  return rule;
}

std::vector<ValueRule> Values(const YAML::Node& node) {
  std::vector<ValueRule> rules;
  if (!node) return rules;
  for (const auto& entry : node) {
    rules.push_back(Value(entry.first.as<std::string>(), entry.second));
  }
  return rules;
}

VerbRule Verb(const YAML::Node& node) {
  CheckKeys(node, "verbs", {"verb", "when", "unless", "set"});
  VerbRule rule;
  rule.verb = node["verb"].as<std::string>();
  rule.when = Condition(node["when"], rule.verb);
  rule.set = Values(node["set"]);
  if (!node["unless"]) throw Mistake{rule.verb + " must say by `unless` when it is done already"};
  for (const auto& entry : node["unless"]) {
    rule.unless.push_back({entry.first.as<std::string>(), entry.second.as<std::string>()});
  }
  return rule;
}

void RefuseLater(const std::vector<ValueRule>& rules) {
  for (const auto& rule : rules) {
    if (rule.later) throw Mistake{"`later` is for `fields` of the record, not for " + rule.path};
  }
}

Mapping Read(const std::string& name, const YAML::Node& node) {
  CheckKeys(node, "the mapping", {"collection", "key", "fields", "create", "verbs"});
  Mapping mapping;
  mapping.name = name;
  mapping.collection = node["collection"].as<std::string>();
  mapping.key = Value(node["key"]["field"].as<std::string>(), node["key"]);
  mapping.key.required = true;
  mapping.fields = Values(node["fields"]);
  mapping.create = Values(node["create"]);
  for (const auto& verb : node["verbs"]) mapping.verbs.push_back(Verb(verb));
  RefuseLater({mapping.key});
  RefuseLater(mapping.create);
  for (const auto& verb : mapping.verbs) RefuseLater(verb.set);
  return mapping;
}

}  // namespace

Result<Mapping> ParseMapping(const std::string& name, const std::string& yaml) {
  try {
    return Read(name, YAML::Load(yaml));
  } catch (const Mistake& mistake) {
    return Usage("Mapping " + name + ": " + mistake.what + ".");
  } catch (const YAML::Exception& error) {
    return Usage("Mapping " + name + ": " + error.what());
  }
}

}  // namespace crm::ctl
