// The command line as a whole: global options, the commands by name, and everything else as a
// method of the server.
#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tools/crmctl/session.h"

namespace crm::ctl {

// Takes the words behind its name and parses them itself (see Parse in tools/crmctl/usage.h). What
// it returns becomes the error message and the exit code.
using Run = std::function<Status(Session&, const std::vector<std::string>&)>;

struct Command {
  // One word or two: "methods", "events tail". The longest name that fits is taken.
  std::string name;
  // One line for the help.
  std::string summary;
  Run run;
};

// What the process gives: tests replace it.
struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  std::map<std::string, std::string> environment;
  // Whether `out` is a terminal, and how wide.
  bool terminal = false;
  size_t width = 0;
};

// Runs one command line (without the program's name) and returns the exit code.
int RunCommandLine(std::span<const Command> commands, std::vector<std::string> words,
                   const Surroundings& surroundings);

}  // namespace crm::ctl
