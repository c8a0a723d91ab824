#include "libs/testing/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "libs/testing/eventually.h"
#include "libs/testing/servers.h"

extern char** environ;

namespace crm::test {
namespace {

// What the child needs, made before the fork: between fork and exec it may not allocate.
struct Image {
  explicit Image(const ProcessOptions& options) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      if (!options.env.contains(text.substr(0, text.find('=')))) variables.push_back(text);
    }
    for (const auto& [name, value] : options.env) variables.push_back(name + "=" + value);
    for (const std::string& word : options.argv) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    for (const std::string& variable : variables) {
      envp.push_back(const_cast<char*>(variable.c_str()));
    }
    envp.push_back(nullptr);
  }
  std::vector<std::string> variables;
  std::vector<char*> argv;
  std::vector<char*> envp;
};

[[noreturn]] void Exec(const Image& image, const std::string& directory, int log, int failure,
                       pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == parent) {
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (directory.empty() || chdir(directory.c_str()) == 0) {
      execvpe(image.argv[0], image.argv.data(), image.envp.data());
    }
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(failure, &error, sizeof error);
  _exit(127);
}

}  // namespace

Process::Process(ProcessOptions options) : options_(std::move(options)) {
  if (options_.log.empty()) {
    own_log_ = true;
    options_.log = std::filesystem::temp_directory_path() / UniqueName("process");
  }
  const int log = open(options_.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) throw std::runtime_error("cannot write " + options_.log);
  // The child's end closes with a successful exec; otherwise it carries errno.
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const Image image(options_);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) Exec(image, options_.directory, log, failure[1], parent);
  close(log);
  close(failure[1]);
  int error = 0;
  const bool failed = pid_ < 0 || read(failure[0], &error, sizeof error) == sizeof error;
  close(failure[0]);
  if (failed) {
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    if (own_log_) std::filesystem::remove(options_.log);
    throw std::runtime_error("cannot start " + options_.argv[0] + ": " + std::strerror(error));
  }
}

Process::~Process() {
  Kill();
  if (own_log_) std::filesystem::remove(options_.log);
}

bool Process::running() {
  return !Wait(std::chrono::milliseconds(0));
}

void Process::Signal(int signal) {
  if (running()) kill(pid_, signal);
}

void Process::Terminate() {
  Signal(SIGTERM);
}

void Process::Pause() {
  if (!running()) return;
  kill(-pid_, SIGSTOP);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT);
}

void Process::Continue() {
  if (running()) kill(-pid_, SIGCONT);
}

void Process::Kill() {
  if (exit_code_) return;
  kill(-pid_, SIGKILL);
  Wait(kPatience);
}

std::optional<int> Process::Wait(std::chrono::milliseconds patience) {
  if (exit_code_) return exit_code_;
  const auto ended = [this] {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
  };
  static_cast<void>(Eventually(ended, patience));
  return exit_code_;
}

std::string Process::Log() const {
  std::ostringstream text;
  text << std::ifstream(options_.log).rdbuf();
  return text.str();
}

bool Process::WaitForLog(std::string_view text, std::chrono::milliseconds patience) {
  bool found = false;
  static_cast<void>(Eventually(
      [&] {
        // In this order: what it wrote just before its end counts.
        const bool ended = !running();
        found = Log().find(text) != std::string::npos;
        return found || ended;
      },
      patience));
  return found;
}

}  // namespace crm::test
