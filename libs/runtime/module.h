// Module: a part of a process that is started and stopped as one: a service, the RPC server, the
// gateway.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "libs/base/status.h"

namespace crm::runtime {

using SteadyTime = std::chrono::steady_clock::time_point;

// Start and Stop are called by one thread, each once, Stop only after a Start that was OK. Health
// is called by another thread, only between the two.
class Module {
 public:
  virtual ~Module() = default;
  // "leads": as in --target, the configuration, logs and metrics.
  virtual std::string name() const = 0;
  // Names of modules that are started before this one and stopped after it, where they run in the
  // same process; those that do not are no concern of it.
  virtual std::vector<std::string> depends_on() const { return {}; }
  // Returns when the module works. On failure it leaves nothing running.
  virtual Status Start() = 0;
  // Ends the work under way, gives it up at `deadline`, and returns when nothing of the module runs
  // any more. A module that is late is given up with the process, so whatever Stop may leave undone
  // must be resumed by the next start.
  virtual void Stop(SteadyTime deadline) = 0;
  // Whether the module can do its work now, as with its database gone. Answers within a second.
  virtual Status Health() const { return Status(); }
};

}  // namespace crm::runtime
