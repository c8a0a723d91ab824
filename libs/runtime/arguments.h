// The command line of every executable of ours.
//
//   crm-leads [COMMAND] [--config FILE] [--set KEY=VALUE]... [--target NAME,...] [--print-config]
//   [--version] [--help]
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"

namespace crm::runtime {

struct Arguments {
  std::string command;            // "" is to run the modules
  std::string config_file;        // "" is none
  std::vector<std::string> sets;  // of --set and, as "target=...", of --target; in their order
  bool print_config = false;
  bool version = false;
  bool help = false;
};

// An option's value follows it or stands behind "=". INVALID_ARGUMENT with reason ARGUMENT_INVALID
// names what is wrong.
Result<Arguments> ParseArguments(const std::vector<std::string>& words);

}  // namespace crm::runtime
