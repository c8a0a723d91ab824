// A Redis of one's own, for tests that flush it or take it away.
#pragma once

#include <memory>
#include <string>

#include "libs/testing/process.h"

namespace crm::test {

// Keeps nothing on disk, and its port over restarts. Starts in milliseconds. Not thread-safe; see
// Process about threads.
class RedisProcess {
 public:
  // Starts nothing.
  RedisProcess();

  // "127.0.0.1:<port>", also while it is down.
  const std::string& address() const { return address_; }

  // Returns when it takes connections. Throws std::runtime_error.
  void Start();
  // kill -9; forgets everything.
  void Kill();
  // It stands still, with its connections open.
  void Pause() { process_->Pause(); }
  void Continue() { process_->Continue(); }
  // Forgets everything and goes on. Throws std::runtime_error.
  void Flush();

 private:
  const int port_;
  const std::string address_;
  std::unique_ptr<Process> process_;
};

}  // namespace crm::test
