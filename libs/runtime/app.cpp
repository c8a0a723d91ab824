#include "libs/runtime/app.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "libs/config/config.h"
#include "libs/runtime/admin_server.h"
#include "libs/runtime/arguments.h"
#include "libs/runtime/process_metrics.h"

namespace crm::runtime {

namespace {

using log::Safe;

// Health has to follow a lost database within a second.
constexpr std::chrono::milliseconds kHealthInterval(250);

void Complain(const Application& application, const std::string& message) {
  std::fprintf(stderr, "%s: %s\n", application.name.c_str(), message.c_str());
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void PrintHelp(const Application& application) {
  std::printf(
      "%s [COMMAND] [OPTION]...\n\n"
      "Without a command it runs its modules (%s) until SIGTERM or SIGINT.\n\n",
      application.name.c_str(), Join(application.modules).c_str());
  for (const auto& [name, command] : application.commands) {
    std::printf("  %-22s %s\n", name.c_str(), command.help.c_str());
  }
  std::fputs(
      "  --config FILE          YAML file with the configuration\n"
      "  --set KEY=VALUE        one key of it, like kafka.topic_prefix=test; may be repeated\n"
      "  --target NAME,...      modules to run; the same as --set target=NAME,...\n"
      "  --print-config         print the configuration in force and exit\n"
      "  --version              print the version and exit\n"
      "  --help                 print this and exit\n\n"
      "Variables like CRM_KAFKA__TOPIC_PREFIX set keys too; flags win over them, they over the "
      "file.\n",
      stdout);
}

// The signals that ask for an end.
sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

log::Options LogOptions(const config::v1::Log& config) {
  using config::v1::Log;
  log::Options options;
  if (config.level() != Log::LEVEL_UNSPECIFIED) {
    options.level = static_cast<log::Level>(config.level() - Log::LEVEL_DEBUG);
  }
  if (config.format() == Log::FORMAT_TEXT) options.format = log::Format::kText;
  options.file = config.file();
  return options;
}

Status CheckTarget(const Application& application, const config::v1::Config& config) {
  for (const auto& target : config.target()) {
    const auto& known = application.modules;
    if (target == "all" || std::find(known.begin(), known.end(), target) != known.end()) continue;
    return InvalidArgument("TARGET_UNKNOWN", "target: there is no module '" + target + "' in " +
                                                 application.name + "; it has " + Join(known) +
                                                 ".");
  }
  return Status();
}

AdminPage StatusPage(const Status& status) {
  if (status.ok()) return {.body = "OK\n"};
  return {.status = 503, .body = status.ToString() + "\n"};
}

// Everything that lives as long as the modules do.
class Process {
 public:
  Process(const Application& application, const config::v1::Config& config, const log::Logger& log,
          const Clock& clock)
      : application_(application),
        config_(config),
        log_(log),
        clock_(clock),
        ids_(MakeRandomIds(clock)),
        span_sink_(log),
        tracer_(*ids_, clock,
                {.sink = config.trace().log_spans() ? &span_sink_ : nullptr,
                 .sample_ratio = config.trace().sample_ratio()}),
        health_(log, metrics_),
        process_metrics_(AddProcessMetrics(metrics_, clock, application.name, CRM_VERSION)),
        context_{config_, clock_, *ids_, log_, metrics_, tracer_, health_},
        manager_(log) {}

  int RunCommand(const Command& command) {
    Status status = command.run(context_);
    if (status.ok()) return kStopped;
    Complain(application_, status.ToString());
    return kFailed;
  }

  int RunModules() {
    Status status = StartAdmin();
    if (status.ok()) status = application_.add_modules(context_, manager_);
    if (status.ok()) status = manager_.Start(StopLimit());
    if (status.reason() == "MODULE_STOP_OVERRAN") GiveUp();
    if (!status.ok()) {
      Complain(application_, status.ToString());
      return kFailed;
    }
    health_.Start(manager_.modules(), kHealthInterval);
    log_.Info("ready", {{"version", CRM_VERSION}, {"modules", manager_.modules().size()}});
    WaitForSignal();
    return Stop();
  }

 private:
  Status StartAdmin() {
    const std::string& address = config_.admin().listen_address();
    if (address.empty()) return Status();
    auto server = AdminServer::Start(
        address, {{"/metrics",
                   [this] {
                     return AdminPage{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                      .body = metrics_.Expose()};
                   }},
                  {"/healthz", [] { return StatusPage(Status()); }},
                  {"/readyz", [this] { return StatusPage(health_.Ready()); }}});
    if (!server) return server.status();
    admin_ = std::move(server).value();
    log_.Info("admin server listens", {{"address", Safe(address)}, {"port", admin_->port()}});
    return Status();
  }

  void WaitForSignal() {
    sigset_t signals = StopSignals();
    int signal = 0;
    sigwait(&signals, &signal);
    log_.Info("stopping", {{"signal", signal}});
    // From here on an impatient operator's second Ctrl-C means it.
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
  }

  int Stop() {
    health_.Withdraw();
    Announce();
    Status status = manager_.Stop(StopLimit());
    if (!status.ok()) GiveUp();
    log_.Info("stopped");
    return kStopped;
  }

  // Serves on while load balancers learn that this process is going.
  void Announce() {
    Duration announce = config::ToDuration(config_.shutdown().announce());
    if (announce == Duration::zero()) return;
    log_.Info("announcing the stop", {{"announce", announce}});
    auto seconds = std::chrono::floor<std::chrono::seconds>(announce);
    timespec time{};
    time.tv_sec = seconds.count();
    time.tv_nsec = std::chrono::nanoseconds(announce - seconds).count();
    sigset_t again;
    sigemptyset(&again);
    sigaddset(&again, SIGTERM);
    sigtimedwait(&again, nullptr, &time);  // a second SIGTERM cuts it short
  }

  Duration StopLimit() const {
    return config::ToDuration(config_.shutdown().drain_timeout()) +
           config::ToDuration(config_.shutdown().stop_timeout());
  }

  // A module still runs, so nothing that it may use can be destroyed.
  [[noreturn]] void GiveUp() {
    log_.Error("giving up: a module still runs");
    std::_Exit(kOverran);
  }

  const Application& application_;
  const config::v1::Config& config_;
  const log::Logger& log_;
  const Clock& clock_;
  const std::unique_ptr<IdGenerator> ids_;
  metrics::Registry metrics_;
  trace::LogSpanSink span_sink_;
  const trace::Tracer tracer_;
  HealthMonitor health_;
  const std::shared_ptr<void> process_metrics_;
  AppContext context_;
  ModuleManager manager_;
  std::unique_ptr<AdminServer> admin_;
};

int RunProcess(const Application& application, const std::string& command,
               const config::v1::Config& config) {
  // A command has nothing to wind up: a signal ends it at once.
  sigset_t signals = StopSignals();
  if (command.empty()) pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  SystemClock clock;
  auto log = log::Logger::Open(LogOptions(config.log()), clock);
  if (!log) {
    Complain(application, log.status().message());
    return kMisused;
  }
  Process process(application, config, *log, clock);
  if (command.empty()) return process.RunModules();
  return process.RunCommand(application.commands.at(command));
}

}  // namespace

int Run(const Application& application, const std::vector<std::string>& words) {
  auto arguments = ParseArguments(words);
  if (!arguments) {
    Complain(application, arguments.status().message());
    return kMisused;
  }
  if (arguments->help) {
    PrintHelp(application);
    return kStopped;
  }
  if (arguments->version) {
    std::printf("%s %s\n", application.name.c_str(), CRM_VERSION);
    return kStopped;
  }
  if (!arguments->command.empty() && !application.commands.contains(arguments->command)) {
    Complain(application, arguments->command + " is not a command; see --help.");
    return kMisused;
  }
  auto config = config::Load({.file = arguments->config_file,
                              .environment = config::Environment(),
                              .sets = arguments->sets});
  Status status = config ? CheckTarget(application, *config) : config.status();
  if (!status.ok()) {
    Complain(application, status.message());
    return kMisused;
  }
  if (arguments->print_config) {
    std::fputs(config::ToYaml(*config).c_str(), stdout);
    return kStopped;
  }
  return RunProcess(application, arguments->command, *config);
}

}  // namespace crm::runtime
