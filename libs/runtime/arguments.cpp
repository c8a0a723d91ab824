#include "libs/runtime/arguments.h"

namespace crm::runtime {

namespace {

Status Wrong(const std::string& word, const std::string& what) {
  Status status = InvalidArgument("ARGUMENT_INVALID", word + " " + what + "; see --help.");
  status.With("argument", word);
  return status;
}

bool* FindSwitch(Arguments& arguments, const std::string& name) {
  if (name == "--print-config") return &arguments.print_config;
  if (name == "--version") return &arguments.version;
  if (name == "--help" || name == "-h") return &arguments.help;
  return nullptr;
}

bool IsOption(const std::string& name) {
  return name == "--config" || name == "--set" || name == "--target";
}

void SetOption(Arguments& arguments, const std::string& name, const std::string& value) {
  if (name == "--config") {
    arguments.config_file = value;
  } else {
    arguments.sets.push_back(name == "--target" ? "target=" + value : value);
  }
}

}  // namespace

Result<Arguments> ParseArguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with('-')) {
      if (!arguments.command.empty()) return Wrong(word, "is a second command");
      arguments.command = word;
      continue;
    }
    if (bool* on = FindSwitch(arguments, word)) {
      *on = true;
      continue;
    }
    size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    bool has_value = equals != std::string::npos;
    if (!IsOption(name)) {
      return Wrong(name, FindSwitch(arguments, name) ? "takes no value" : "is not an option");
    }
    if (!has_value && ++i == words.size()) return Wrong(name, "needs a value");
    SetOption(arguments, name, has_value ? word.substr(equals + 1) : words[i]);
  }
  return arguments;
}

}  // namespace crm::runtime
