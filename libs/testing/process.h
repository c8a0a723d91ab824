// Child processes for tests: servers that are killed, paused and restarted, and our own executables
// seen from outside.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace crm::test {

struct ProcessOptions {
  // The program (looked up in PATH) and its arguments.
  std::vector<std::string> argv{};
  // Added to this process's environment; replaces what is there.
  std::map<std::string, std::string> env{};
  // Empty: this process's.
  std::string directory{};
  // Standard output and error, appended, so that a restart keeps the log. Empty: a file of its own,
  // deleted at the end.
  std::string log{};
};

// A running child in a process group of its own. It is killed by the destructor, and by the kernel
// when the *thread* that started it ends, so that a test that crashes leaves nothing behind: start
// it from a thread that outlives its use. Pause, Continue and Kill mean the whole group, so that
// the children of the child share its fate. Not thread-safe.
class Process {
 public:
  // Returns when the program runs. Throws std::runtime_error where it cannot be started.
  explicit Process(ProcessOptions options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // False once it has ended, which Kill() and Wait() also notice.
  bool running();

  // To the child alone; nothing happens to one that has ended.
  void Signal(int signal);
  void Terminate();  // SIGTERM
  void Pause();      // SIGSTOP; returns when it stands still
  void Continue();   // SIGCONT
  // SIGKILL; returns when it is gone. Works on a paused child, too.
  void Kill();

  // The exit code, 128 + signal where one ended it, or nullopt where it still runs after
  // `patience`.
  std::optional<int> Wait(std::chrono::milliseconds patience);

  // All that it has written so far.
  std::string Log() const;
  // True as soon as the log contains `text`; false after `patience`, or when the child has ended
  // without it.
  bool WaitForLog(std::string_view text, std::chrono::milliseconds patience);

 private:
  ProcessOptions options_;
  bool own_log_ = false;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace crm::test
