// Each test runs the whole program in a child process, as an operator would see it: its output, its
// signals, its exit code.
#include "libs/runtime/app.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "libs/runtime/raw_http.h"
#include "libs/testing/eventually.h"

namespace crm::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Reports what happens to it on standard output.
class TalkingModule final : public Module {
 public:
  TalkingModule(std::string name, std::vector<std::string> depends_on)
      : name_(std::move(name)), depends_on_(std::move(depends_on)) {}
  std::string name() const override { return name_; }
  std::vector<std::string> depends_on() const override { return depends_on_; }
  Status Start() override {
    if (name_ == "broken") return Unavailable("PG_UNREACHABLE", "no database here");
    return Say("start");
  }
  void Stop(SteadyTime) override {
    if (name_ == "stuck") std::promise<void>().get_future().wait();
    (void)Say("stop");
  }

 private:
  Status Say(const std::string& what) {
    std::string line = what + " " + name_ + "\n";
    return write(STDOUT_FILENO, line.data(), line.size()) > 0 ? Status() : Internal("no output");
  }

  const std::string name_;
  const std::vector<std::string> depends_on_;
};

Application Example() {
  Application application;
  application.name = "crm-example";
  application.modules = {"leads", "rpc", "broken", "stuck"};
  application.add_modules = [](AppContext& context, ModuleManager& manager) {
    context.health.OnChange([](const std::string& module, bool serving) {
      std::string line = module + (serving ? " serves\n" : " withdrawn\n");
      EXPECT_GT(write(STDOUT_FILENO, line.data(), line.size()), 0);
    });
    for (const auto& name : context.config.target()) {
      if (name == "all") return Internal("the tests name their modules");
      std::vector<std::string> needs;
      if (name == "rpc") needs = {"leads"};
      manager.Add(std::make_unique<TalkingModule>(name, needs));
    }
    return Status();
  };
  application.commands["migrate"] = {
      "Bring the schema up to date", [](AppContext& context) {
        std::puts("migrated");
        std::fflush(stdout);
        return context.config.kafka().topic_prefix() == "fail" ? Internal("no luck") : Status();
      }};
  application.commands["wait"] = {"Wait for ever", [](AppContext&) {
                                    std::puts("waits");
                                    std::fflush(stdout);
                                    std::promise<void>().get_future().wait();
                                    return Status();
                                  }};
  return application;
}

// The program in a child process; both outputs are read.
class Child {
 public:
  explicit Child(const std::vector<std::string>& words) {
    int out[2];
    int err[2];
    EXPECT_EQ(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
    process_ = fork();
    if (process_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      dup2(err[1], STDERR_FILENO);
      int code = Run(Example(), words);
      std::fflush(nullptr);
      std::_Exit(code);
    }
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    readers_.emplace_back([this, descriptor = err[0]] { ReadErrors(descriptor); });
  }
  ~Child() {
    if (process_ > 0) kill(process_, SIGKILL);
    if (process_ > 0) waitpid(process_, nullptr, 0);
    for (auto& reader : readers_) reader.join();
    close(out_);
  }

  // The next line of its output; "" at its end.
  std::string Line() {
    std::string line;
    for (char c; read(out_, &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }
  std::vector<std::string> Rest() {
    std::vector<std::string> lines;
    for (std::string line = Line(); !line.empty(); line = Line()) lines.push_back(line);
    return lines;
  }
  std::string Errors() {
    std::lock_guard lock(mutex_);
    return errors_;
  }
  void Signal(int signal) { kill(process_, signal); }

  // Its exit code, or 1000 + signal where one killed it.
  int Wait() {
    int status = 0;
    waitpid(std::exchange(process_, -1), &status, 0);
    for (auto& reader : readers_) reader.join();
    readers_.clear();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  // Of the admin server, as the log tells it.
  int AdminPort() {
    static constexpr std::string_view kKey = "\"port\":";
    EXPECT_TRUE(test::Eventually([&] { return Errors().find(kKey) != std::string::npos; }));
    std::string errors = Errors();
    return std::atoi(errors.c_str() + errors.find(kKey) + kKey.size());
  }

 private:
  void ReadErrors(int descriptor) {
    char chunk[4096];
    for (ssize_t size; (size = read(descriptor, chunk, sizeof chunk)) > 0;) {
      std::lock_guard lock(mutex_);
      errors_.append(chunk, static_cast<size_t>(size));
    }
    close(descriptor);
  }

  pid_t process_ = -1;
  int out_ = -1;
  std::mutex mutex_;
  std::string errors_;  // GUARDED_BY(mutex_)
  std::vector<std::thread> readers_;
};

const std::vector<std::string> kServe = {"--target=rpc,leads", "--set",
                                         "admin.listen_address=127.0.0.1:0"};

std::vector<std::string> Serve(const std::string& set) {
  std::vector<std::string> words = kServe;
  words.insert(words.end(), {"--set", set});
  return words;
}

TEST(App, ServesUntilItIsToldToStopAndThenStopsInReverse) {
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) {
    Child child(kServe);
    int port = child.AdminPort();
    EXPECT_TRUE(test::Eventually([&] { return Get(port, "/readyz").starts_with("HTTP/1.1 200"); }));
    EXPECT_THAT(Get(port, "/healthz"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(Get(port, "/metrics"), HasSubstr("crm_module_serving{module=\"leads\"} 1\n"));
    child.Signal(signal);
    EXPECT_THAT(child.Rest(),
                ElementsAre("start leads", "start rpc", "leads serves", "rpc serves",
                            "leads withdrawn", "rpc withdrawn", "stop rpc", "stop leads"));
    EXPECT_EQ(child.Wait(), kStopped);
    EXPECT_THAT(child.Errors(), HasSubstr("\"message\":\"stopped\"}"));
  }
}

TEST(App, GoesOnServingWhileItAnnouncesItsEnd) {
  Child child(Serve("shutdown.announce=1h"));
  int port = child.AdminPort();
  while (child.Line() != "rpc serves") continue;
  child.Signal(SIGTERM);
  while (child.Line() != "rpc withdrawn") continue;
  EXPECT_THAT(Get(port, "/readyz"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(Get(port, "/healthz"), StartsWith("HTTP/1.1 200"));
  child.Signal(SIGTERM);  // cuts the hour short
  EXPECT_THAT(child.Rest(), ElementsAre("stop rpc", "stop leads"));
  EXPECT_EQ(child.Wait(), kStopped);
}

TEST(App, ASecondInterruptEndsItAtOnce) {
  Child child(Serve("shutdown.announce=1h"));
  while (child.Line() != "rpc serves") continue;
  child.Signal(SIGINT);
  EXPECT_TRUE(
      test::Eventually([&] { return child.Errors().find("announcing") != std::string::npos; }));
  child.Signal(SIGINT);
  EXPECT_EQ(child.Wait(), 1000 + SIGINT);
}

TEST(App, FailsWhereAModuleDoesNotStartAndStopsTheOthers) {
  Child child({"--target=leads,broken", "--set=admin.listen_address="});
  EXPECT_THAT(child.Rest(), ElementsAre("start leads", "stop leads"));
  EXPECT_EQ(child.Wait(), kFailed);
  EXPECT_THAT(child.Errors(),
              HasSubstr("crm-example: UNAVAILABLE PG_UNREACHABLE: no database here\n"));
}

TEST(App, GivesAModuleUpThatDoesNotStop) {
  Child child({"--target=leads,stuck", "--set=admin.listen_address=",
               "--set=shutdown.drain_timeout=0s", "--set=shutdown.stop_timeout=20ms"});
  while (child.Line() != "stuck serves") continue;
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), kOverran);
  EXPECT_THAT(child.Errors(),
              HasSubstr("\"message\":\"module did not stop in time\",\"module\":\"stuck\""));
}

TEST(App, RunsACommandInsteadOfTheModules) {
  Child good({"migrate", "--target=leads"});
  EXPECT_THAT(good.Rest(), ElementsAre("migrated"));
  EXPECT_EQ(good.Wait(), kStopped);
  Child bad({"migrate", "--target=leads", "--set=kafka.topic_prefix=fail"});
  EXPECT_EQ(bad.Wait(), kFailed);
  EXPECT_THAT(bad.Errors(), EndsWith("crm-example: INTERNAL INTERNAL: no luck\n"));
}

TEST(App, ASignalEndsACommandAtOnce) {
  Child child({"wait", "--target=leads"});
  EXPECT_EQ(child.Line(), "waits");
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), 1000 + SIGTERM);
}

TEST(App, RefusesWhatItDoesNotUnderstandBeforeItDoesAnything) {
  struct Row {
    std::vector<std::string> words;
    std::string error;
  };
  const Row rows[] = {
      {{"--nonsense"}, "crm-example: --nonsense is not an option; see --help.\n"},
      {{"nonsense"}, "crm-example: nonsense is not a command; see --help.\n"},
      {{"--target=lead"},
       "crm-example: target: there is no module 'lead' in crm-example; it has leads, rpc, broken, "
       "stuck.\n"},
      {{"--set", "log.level=loud"},
       "crm-example: --set: log.level is one of debug, info, warning, error, not 'loud'.\n"},
      {{"--config", "/nonexistent.yaml"},
       "crm-example: /nonexistent.yaml: this file cannot be read, or is larger than 1 MiB.\n"},
  };
  for (const auto& row : rows) {
    Child child(row.words);
    EXPECT_THAT(child.Rest(), testing::IsEmpty());
    EXPECT_EQ(child.Wait(), kMisused);
    EXPECT_EQ(child.Errors(), row.error);
  }
}

TEST(App, PrintsWhatItIsAskedAndExits) {
  Child version({"--version"});
  EXPECT_THAT(version.Line(), testing::MatchesRegex("crm-example [0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_EQ(version.Wait(), kStopped);
  Child help({"--help"});
  EXPECT_THAT(help.Rest(), testing::Contains("crm-example [COMMAND] [OPTION]..."));
  EXPECT_EQ(help.Wait(), kStopped);
  Child config({"--target=leads", "--set=postgres.dsn=password=hunter2", "--print-config"});
  auto lines = config.Rest();
  EXPECT_THAT(lines, testing::IsSupersetOf({"target: [leads]", "  dsn: \"***\""}));
  EXPECT_EQ(config.Wait(), kStopped);
}

}  // namespace
}  // namespace crm::runtime
