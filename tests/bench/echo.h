// Echo: the bare gRPC server (crm-bench-echo) as a process.
#pragma once

#include <memory>
#include <string>

#include "libs/testing/process.h"

namespace crm::bench {

class Echo {
 public:
  // Answers every call with `answer`. Returns when the process runs; it may not listen yet.
  Echo(const std::string& folder, const std::string& answer);

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  test::Process& process() { return *process_; }

 private:
  const int port_;
  std::unique_ptr<test::Process> process_;
};

}  // namespace crm::bench
