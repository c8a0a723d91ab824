#include "tools/crmctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "tools/crmctl/commands.h"
#include "tools/crmctl/method_names.h"
#include "tools/crmctl/server_types.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

struct Globals {
  std::string addresses;
  std::string key;
  rpc::TlsOptions tls;
  std::string output = "table";
  double timeout_seconds = 30;
};

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_option("--address", globals.addresses,
                 "HOST:PORT of the server, or several with commas [CRM_GRPC]");
  app.add_option("--key", globals.key, "API key [CRM_KEY]");
  app.add_option("-o,--output", globals.output, "table, json, jsonl or yaml")
      ->check(CLI::IsMember({"table", "json", "jsonl", "yaml"}));
  app.add_option("--timeout", globals.timeout_seconds, "Seconds that one call may take")
      ->check(CLI::PositiveNumber);
  app.add_option("--tls-ca", globals.tls.ca_file,
                 "PEM file of the server's authority [CRM_TLS_CA]");
  app.add_option("--tls-cert", globals.tls.certificate_file,
                 "PEM file of your certificate [CRM_TLS_CERT]");
  app.add_option("--tls-key", globals.tls.key_file, "PEM file of its key [CRM_TLS_KEY]");
}

std::string Lookup(const Surroundings& surroundings, const char* name) {
  auto found = surroundings.environment.find(name);
  return found == surroundings.environment.end() ? "" : found->second;
}

void FillFromEnvironment(Globals& globals, const Surroundings& surroundings) {
  for (auto [value, name] :
       {std::pair{&globals.addresses, "CRM_GRPC"}, std::pair{&globals.key, "CRM_KEY"},
        std::pair{&globals.tls.ca_file, "CRM_TLS_CA"},
        std::pair{&globals.tls.certificate_file, "CRM_TLS_CERT"},
        std::pair{&globals.tls.key_file, "CRM_TLS_KEY"}}) {
    if (value->empty()) *value = Lookup(surroundings, name);
  }
}

Format FormatOf(const std::string& name) {
  if (name == "json") return Format::kJson;
  if (name == "jsonl") return Format::kJsonl;
  return name == "yaml" ? Format::kYaml : Format::kTable;
}

bool UseColor(const Surroundings& surroundings) {
  return surroundings.terminal && Lookup(surroundings, "NO_COLOR").empty();
}

SessionOptions OptionsOf(const Globals& globals, const Surroundings& surroundings) {
  SessionOptions options;
  std::stringstream addresses(globals.addresses);
  for (std::string address; std::getline(addresses, address, ',');) {
    if (!address.empty()) options.addresses.push_back(address);
  }
  options.key = globals.key;
  if (!globals.tls.ca_file.empty()) options.tls = globals.tls;
  options.timeout = std::chrono::milliseconds(static_cast<int64_t>(globals.timeout_seconds * 1000));
  options.format = FormatOf(globals.output);
  options.color = UseColor(surroundings);
  options.width = surroundings.terminal ? surroundings.width : 0;
  return options;
}

void PrintHelp(const CLI::App& globals, std::span<const Command> commands, std::ostream& out) {
  out << "crmctl: the CRM from the command line\n\n"
         "Usage: crmctl GROUP VERB [NAME] [FLAGS]   call any method of the server, for example\n"
         "         crmctl leads list --filter 'state=NEW' --output jsonl\n"
         "         crmctl leads convert leads/ID --set create_deal=true --dry-run\n"
         "       crmctl GROUP --help                its verbs\n"
         "       crmctl GROUP VERB --help           its flags\n"
         "       crmctl COMMAND [ARGUMENTS]\n\nCommands:\n";
  size_t width = 0;
  for (const auto& command : commands) width = std::max(width, command.name.size());
  for (const auto& command : commands) {
    out << "  " << command.name << std::string(width - command.name.size() + 2, ' ')
        << command.summary << "\n";
  }
  out << "\nOptions, anywhere on the line (in brackets: the environment variable that is used "
         "instead):\n";
  for (const auto* option : globals.get_options()) {
    std::string name = option->get_name(false, true);
    out << "  " << name << std::string(name.size() < 14 ? 14 - name.size() : 1, ' ')
        << option->get_description() << "\n";
  }
  out << "\nNO_COLOR in the environment turns colours off.\n" << kExitCodes << "\n";
}

// The command with the longest name that `words` begin with; they lose it. Null where there is
// none.
const Command* Take(std::span<const Command> commands, std::vector<std::string>& words) {
  for (size_t length : {2, 1}) {
    if (words.size() < length) continue;
    std::string name = words[0] + (length == 2 ? " " + words[1] : "");
    auto found = std::ranges::find(commands, name, &Command::name);
    if (found == commands.end()) continue;
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(length));
    return &*found;
  }
  return nullptr;
}

bool IsHelp(const std::string& word) {
  return word == "--help" || word == "-h";
}

// `events --help`: the commands that begin with the word, then the server's methods of the group,
// where it has one.
Status GroupHelp(Session& session, std::span<const Command> commands,
                 const std::vector<std::string>& words) {
  std::vector<const Command*> own;
  for (const auto& command : commands) {
    if (command.name.starts_with(words[0] + " ")) own.push_back(&command);
  }
  if (own.empty()) return CallMethod(session, words);
  session.out() << "Commands:\n";
  for (const auto* command : own) {
    session.out() << "  crmctl " << command->name << "  " << command->summary << "\n";
  }
  auto services = session.types().Services();
  if (services && FindGroup(*services, words[0])) {
    session.out() << "\n";
    return CallMethod(session, words);
  }
  return words.size() < 2 ? Usage("Which verb?") : Status::Ok();
}

}  // namespace

int RunCommandLine(std::span<const Command> commands, std::vector<std::string> words,
                   const Surroundings& surroundings) {
  CLI::App app("", "crmctl");
  app.set_help_flag();
  app.allow_extras();
  Globals globals;
  AddGlobals(app, globals);
  Status status = Parse(app, std::move(words), surroundings.out).value_or(Status::Ok());
  if (status.ok()) {
    words = app.remaining();
    if (words.empty() || IsHelp(words[0]) || words[0] == "help") {
      PrintHelp(app, commands, surroundings.out);
      return 0;
    }
    FillFromEnvironment(globals, surroundings);
    Session session(OptionsOf(globals, surroundings), surroundings.out, surroundings.err);
    const auto* command = Take(commands, words);
    if (command != nullptr) {
      status = command->run(session, words);
    } else {
      bool group = words.size() < 2 || IsHelp(words[1]);
      status = group ? GroupHelp(session, commands, words) : CallMethod(session, words);
    }
  }
  if (!status.ok()) PrintError(status, UseColor(surroundings), surroundings.err);
  return ExitCode(status);
}

}  // namespace crm::ctl
