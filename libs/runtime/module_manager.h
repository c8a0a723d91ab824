// ModuleManager: starts the modules of a process in the order of their dependencies and stops them
// in reverse.
#pragma once

#include <memory>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/logger.h"
#include "libs/runtime/module.h"

namespace crm::runtime {

// Used by one thread. Every start and stop is a log line with the time it took.
class ModuleManager {
 public:
  explicit ModuleManager(const log::Logger& log) : log_(log) {}

  // Before Start().
  void Add(std::unique_ptr<Module> module) { modules_.push_back(std::move(module)); }
  // In the order of Add() until Start(), then in that of starting.
  const std::vector<std::unique_ptr<Module>>& modules() const { return modules_; }

  // Starts all; modules that do not depend on each other in the order of Add(). Where one fails,
  // those that run are stopped, each within `stop_limit`, and its Status is returned with metadata
  // "module". Names that are taken twice or dependencies in a circle are FAILED_PRECONDITION with
  // reason MODULE_GRAPH_INVALID, and nothing is started.
  Status Start(Duration stop_limit);

  // Stops what runs, last started first, each within `limit`. A module that is later than half of
  // that again is left running and ends the stop: DEADLINE_EXCEEDED with reason MODULE_STOP_OVERRAN
  // and metadata "module". Then this object must not be destroyed; end the process. Idempotent.
  Status Stop(Duration limit);

 private:
  Status Sort();
  bool StopWithin(Module& module, Duration limit) const;

  const log::Logger log_;
  std::vector<std::unique_ptr<Module>> modules_;
  size_t running_ = 0;  // the first so many of modules_
};

}  // namespace crm::runtime
