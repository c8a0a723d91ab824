// App: what every executable of ours does besides its modules: arguments, configuration, log,
// metrics, traces, signals, start and stop.
//
//   int main(int argc, char** argv) {
//     return crm::runtime::Run({.name = "crm-leads",
//                               .modules = {"leads"},
//                               .add_modules = crm::leads::AddModules,
//                               .commands = {{"migrate", {"Bring the schema up to date",
//                               crm::leads::Migrate}}}},
//                              {argv + 1, argv + argc});
//   }
//
// Running: signals are blocked before the first thread; modules start in order; the process answers
// /readyz with 200 from then on. SIGTERM, SIGINT or SIGHUP stop it: health says NOT_SERVING and
// everything goes on for `shutdown.announce`; then the modules stop in reverse order, each within
// `shutdown.drain_timeout` + `shutdown.stop_timeout`. A second SIGINT ends the process at once.
// Every step is a log line.
//
// A command runs instead of the modules; a signal ends it at once, so what it does must stand or
// fall as a whole.
//
// Exit codes: 0 stopped, or the command succeeded; 1 a module did not start, or the command failed;
// 2 wrong arguments or configuration; 3 a module did not stop in time and was given up with the
// process.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "crm/config/v1/config.pb.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/log/logger.h"
#include "libs/metrics/registry.h"
#include "libs/runtime/health_monitor.h"
#include "libs/runtime/module_manager.h"
#include "libs/trace/span.h"

namespace crm::runtime {

enum ExitCode : int { kStopped = 0, kFailed = 1, kMisused = 2, kOverran = 3 };

// What a process has once and its modules share. Outlives them.
struct AppContext {
  const config::v1::Config& config;
  const Clock& clock;
  IdGenerator& ids;
  const log::Logger& log;
  metrics::Registry& metrics;
  const trace::Tracer& tracer;
  HealthMonitor& health;
};

// A step that runs to its end instead of the modules: migrate, bootstrap.
struct Command {
  std::string help;  // one line
  std::function<Status(AppContext&)> run;
};

struct Application {
  std::string name;                  // "crm-leads"
  std::vector<std::string> modules;  // that `target` may name besides "all"
  // Adds the modules of the configuration's target, made but not started.
  std::function<Status(AppContext&, ModuleManager&)> add_modules;
  std::map<std::string, Command> commands = {};
};

// Runs the program to its end and returns its exit code. To be called by main() before any thread
// is made. A value in `words` and the environment's CRM_ variables decide as config/v1/config.proto
// says.
int Run(const Application& application, const std::vector<std::string>& words);

}  // namespace crm::runtime
