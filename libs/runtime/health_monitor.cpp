#include "libs/runtime/health_monitor.h"

namespace crm::runtime {

using log::Safe;

HealthMonitor::HealthMonitor(const log::Logger& log, metrics::Registry& metrics)
    : log_(log),
      serving_metric_(metrics.AddGauge({.name = "crm_module_serving",
                                        .help = "1 where the module can do its work, 0 where not.",
                                        .labels = {"module"}})) {}

HealthMonitor::~HealthMonitor() {
  Withdraw();
}

void HealthMonitor::OnChange(Listener listener) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, status] : state_) listener(name, status.ok() && !withdrawn_);
  listeners_.push_back(std::move(listener));
}

void HealthMonitor::Start(const std::vector<std::unique_ptr<Module>>& modules, Duration interval) {
  for (const auto& module : modules) Report(module->name(), module->Health());
  {
    std::lock_guard lock(mutex_);
    started_ = true;
    if (withdrawn_) return;
  }
  for (const auto& module : modules) {
    watchers_.emplace_back([this, watched = module.get(), interval] { Watch(*watched, interval); });
  }
}

void HealthMonitor::Withdraw() {
  {
    std::lock_guard lock(mutex_);
    if (!withdrawn_) {
      withdrawn_ = true;
      for (const auto& [name, status] : state_) {
        if (status.ok()) Tell(name, false);
      }
    }
  }
  wake_.notify_all();
  for (auto& watcher : watchers_) watcher.join();
  watchers_.clear();
}

Status HealthMonitor::Ready() const {
  std::lock_guard lock(mutex_);
  if (withdrawn_) return Unavailable("WITHDRAWN", "The process is stopping.");
  if (!started_) return Unavailable("NOT_STARTED", "The process is starting.");
  for (const auto& [name, status] : state_) {
    if (status.ok()) continue;
    Status unhealthy =
        Unavailable("MODULE_UNHEALTHY", name + " is unhealthy: " + status.ToString());
    unhealthy.With("module", name);
    return unhealthy;
  }
  return Status();
}

void HealthMonitor::Watch(const Module& module, Duration interval) {
  std::string name = module.name();
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, interval, [this] { return withdrawn_; })) return;
    }
    Report(name, module.Health());
  }
}

void HealthMonitor::Report(const std::string& name, const Status& status) {
  std::lock_guard lock(mutex_);
  auto known = state_.find(name);
  bool is_change = known == state_.end() || known->second.ok() != status.ok();
  state_[name] = status;
  if (!is_change || withdrawn_) return;
  if (status.ok()) {
    log_.Info("module serves", {{"module", Safe(name)}});
  } else {
    log_.Warning("module does not serve", {{"module", Safe(name)}, {"cause", status}});
  }
  Tell(name, status.ok());
}

void HealthMonitor::Tell(const std::string& name, bool serving) {
  serving_metric_.With({name}).Set(serving ? 1 : 0);
  for (const auto& listener : listeners_) listener(name, serving);
}

}  // namespace crm::runtime
