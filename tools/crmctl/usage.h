// How a command says that it was called wrongly, and the exit code that a Status ends the program
// with.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"

namespace CLI {
class App;
}

namespace crm::ctl {

// INVALID_ARGUMENT with reason USAGE: exit code 2, as opposed to 6 for what the server refuses.
Status Usage(std::string message);

// 0 ok, 1 other, 2 usage, 3 not found, 4 denied, 5 precondition, 6 invalid, 7 unavailable.
int ExitCode(const Status& status);
// The same for --help.
extern const char kExitCodes[];

// Says in plain words what went wrong, with violations and the delay after which a retry helps.
void PrintError(const Status& status, bool color, std::ostream& err);

// Parses a command's own arguments. nullopt: go on. Otherwise what the command returns: a usage
// error, or OK after the help that was asked for has been printed to `out`.
std::optional<Status> Parse(CLI::App& app, std::vector<std::string> arguments, std::ostream& out);

}  // namespace crm::ctl
