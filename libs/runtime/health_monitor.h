// HealthMonitor: asks every module of the process for its health, each on a thread of its own so
// that a slow answer delays no other, and tells whoever wants to know when it changes: gRPC's
// health service, /readyz, the metric crm_module_serving.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/logger.h"
#include "libs/metrics/registry.h"
#include "libs/runtime/module.h"

namespace crm::runtime {

// Thread-safe.
class HealthMonitor {
 public:
  // Called under a lock, in order: must be quick and must not call back.
  using Listener = std::function<void(const std::string& module, bool serving)>;

  HealthMonitor(const log::Logger& log, metrics::Registry& metrics);
  ~HealthMonitor();  // Withdraw()

  // Told the state of each module that is known now, and every change from then on. Lives as long
  // as the monitor.
  void OnChange(Listener listener);

  // Asks each module once before it returns, then again and again, `interval` after the last
  // answer. The modules must live until Withdraw() has returned.
  void Start(const std::vector<std::unique_ptr<Module>>& modules, Duration interval);

  // Tells everybody that nothing serves any more, whatever the modules say, and asks no more. For
  // good; idempotent.
  void Withdraw();

  // OK where all modules serve; otherwise UNAVAILABLE with reason NOT_STARTED, WITHDRAWN or
  // MODULE_UNHEALTHY and metadata "module". Does not block.
  Status Ready() const;

 private:
  void Watch(const Module& module, Duration interval);
  void Report(const std::string& name, const Status& status);
  void Tell(const std::string& name, bool serving);

  const log::Logger log_;
  const metrics::GaugeFamily serving_metric_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool started_ = false;                 // GUARDED_BY(mutex_)
  bool withdrawn_ = false;               // GUARDED_BY(mutex_)
  std::map<std::string, Status> state_;  // GUARDED_BY(mutex_)
  std::vector<Listener> listeners_;      // GUARDED_BY(mutex_)
  std::vector<std::thread> watchers_;    // of the thread that starts and withdraws
};

}  // namespace crm::runtime
