#include "libs/runtime/module_manager.h"

#include <algorithm>
#include <future>
#include <map>
#include <set>
#include <thread>

namespace crm::runtime {

namespace {

using log::Safe;

SteadyTime Now() {
  return std::chrono::steady_clock::now();
}

Status InvalidGraph(const std::string& message) {
  return FailedPrecondition("MODULE_GRAPH_INVALID", message);
}

// Depth first along the dependencies, so that each module comes behind what it needs.
class Sorter {
 public:
  explicit Sorter(const std::vector<std::unique_ptr<Module>>& modules) {
    for (const auto& module : modules) by_name_[module->name()] = module.get();
  }

  // False: a circle; its members are in `path()`.
  bool Visit(Module& module) {
    std::string name = module.name();
    if (done_.contains(name)) return true;
    path_.push_back(name);
    if (std::count(path_.begin(), path_.end(), name) > 1) return false;
    for (const auto& dependency : module.depends_on()) {
      auto found = by_name_.find(dependency);
      if (found != by_name_.end() && !Visit(*found->second)) return false;
    }
    path_.pop_back();
    done_.insert(name);
    order_.push_back(&module);
    return true;
  }

  const std::vector<std::string>& path() const { return path_; }
  const std::vector<Module*>& order() const { return order_; }

 private:
  std::map<std::string, Module*> by_name_;
  std::vector<std::string> path_;
  std::set<std::string> done_;
  std::vector<Module*> order_;
};

}  // namespace

Status ModuleManager::Start(Duration stop_limit) {
  Status sorted = Sort();
  if (!sorted.ok()) return sorted;
  for (auto& module : modules_) {
    std::string name = module->name();
    SteadyTime begin = Now();
    Status status = module->Start();
    if (!status.ok()) {
      // What keeps a module from starting is a server or a setting of ours, no record.
      log_.Error("module failed to start", {{"module", Safe(name)},
                                            {"cause", status},
                                            {"detail", Safe(status.message())},
                                            {"took", Now() - begin}});
      status.With("module", name);
      Status stopped = Stop(stop_limit);
      return stopped.ok() ? status : stopped;
    }
    ++running_;
    log_.Info("module started", {{"module", Safe(name)}, {"took", Now() - begin}});
  }
  return Status();
}

Status ModuleManager::Stop(Duration limit) {
  while (running_ > 0) {
    Module& module = *modules_[running_ - 1];
    std::string name = module.name();
    SteadyTime begin = Now();
    if (!StopWithin(module, limit)) {
      log_.Error("module did not stop in time", {{"module", Safe(name)}, {"limit", limit}});
      Status status(Code::kDeadlineExceeded, "MODULE_STOP_OVERRAN",
                    "The module " + name + " did not stop in time.");
      status.With("module", name);
      return status;
    }
    --running_;
    log_.Info("module stopped", {{"module", Safe(name)}, {"took", Now() - begin}});
  }
  return Status();
}

Status ModuleManager::Sort() {
  std::set<std::string> names;
  for (const auto& module : modules_) {
    if (!names.insert(module->name()).second) {
      return InvalidGraph("Two modules are called " + module->name() + ".");
    }
  }
  Sorter sorter(modules_);
  for (const auto& module : modules_) {
    if (sorter.Visit(*module)) continue;
    std::string circle;
    for (const auto& name : sorter.path()) circle += (circle.empty() ? "" : " -> ") + name;
    return InvalidGraph("Modules depend on each other in a circle: " + circle + ".");
  }
  const auto& order = sorter.order();
  std::sort(modules_.begin(), modules_.end(), [&](const auto& a, const auto& b) {
    return std::find(order.begin(), order.end(), a.get()) <
           std::find(order.begin(), order.end(), b.get());
  });
  return Status();
}

bool ModuleManager::StopWithin(Module& module, Duration limit) const {
  SteadyTime deadline = Now() + limit;
  auto stopped = std::make_shared<std::promise<void>>();
  auto future = stopped->get_future();
  std::thread stopper([&module, deadline, stopped] {
    module.Stop(deadline);
    stopped->set_value();
  });
  if (future.wait_until(deadline + limit / 2) == std::future_status::ready) {
    stopper.join();
    return true;
  }
  stopper.detach();
  return false;
}

}  // namespace crm::runtime
