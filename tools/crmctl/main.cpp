// crmctl: the CRM from the command line. This file is the list of its commands; whatever is not in
// it is a method of the server.
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>

#include "tools/crmctl/command_line.h"
#include "tools/crmctl/commands.h"

namespace {

const std::array kCommands = {
    crm::ctl::Command{"methods", "what the server can be asked to do", crm::ctl::ListMethods},
    crm::ctl::Command{"demo", "load the demo company", crm::ctl::Demo},
    crm::ctl::Command{"import", "rows of CSV files into records", crm::ctl::Import},
    crm::ctl::Command{"events tail", "the log as it grows", crm::ctl::EventsTail},
    crm::ctl::Command{"events replay", "the log from a position to the present",
                      crm::ctl::EventsReplay},
    crm::ctl::Command{"history", "who did what to a record, and when", crm::ctl::History},
    crm::ctl::Command{"why", "the causes of an event up to where it all began", crm::ctl::Why},
    crm::ctl::Command{"undo", "take back what a run, a chain or a person did", crm::ctl::Undo},
    crm::ctl::Command{"verify", "compare every table with its log", crm::ctl::Verify},
    crm::ctl::Command{"dead-letters list", "events that consumers could not apply",
                      crm::ctl::ListDeadLetters},
    crm::ctl::Command{"dead-letters replay", "apply them again", crm::ctl::ReplayDeadLetters},
};

crm::ctl::Surroundings OfThisProcess() {
  crm::ctl::Surroundings surroundings{std::cout, std::cerr, {}, isatty(STDOUT_FILENO) == 1, 0};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry;
    auto equals = text.find('=');
    if (equals != std::string::npos) {
      surroundings.environment[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  winsize size{};
  if (surroundings.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    surroundings.width = size.ws_col;
  }
  return surroundings;
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC's own messages are for its developers; what matters to the caller comes as a Status.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  return crm::ctl::RunCommandLine(kCommands, {argv + 1, argv + argc}, OfThisProcess());
}
