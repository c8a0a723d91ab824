#include "libs/testing/redis_process.h"

#include <sys/socket.h>

#include <stdexcept>
#include <string_view>

#include "libs/testing/eventually.h"
#include "libs/testing/socket.h"

namespace crm::test {

RedisProcess::RedisProcess() : port_(FreePort()), address_("127.0.0.1:" + std::to_string(port_)) {}

void RedisProcess::Start() {
  process_ = std::make_unique<Process>(
      ProcessOptions{.argv = {"redis-server", "--bind", "127.0.0.1", "--port",
                              std::to_string(port_), "--save", "", "--appendonly", "no"},
                     .directory = "/"});
  const auto up = [this] {
    if (!process_->running()) throw std::runtime_error("Redis ended:\n" + process_->Log());
    return Connect(port_).valid();
  };
  if (!Eventually(up)) throw std::runtime_error("Redis does not answer:\n" + process_->Log());
}

void RedisProcess::Kill() {
  process_->Kill();
}

void RedisProcess::Flush() {
  constexpr std::string_view kCommand = "FLUSHALL\r\n";
  constexpr std::string_view kDone = "+OK\r\n";
  const Fd connection = Connect(port_);
  char answer[kDone.size()] = {};
  if (send(connection.get(), kCommand.data(), kCommand.size(), MSG_NOSIGNAL) < 0 ||
      recv(connection.get(), answer, sizeof answer, MSG_WAITALL) < 0 ||
      std::string_view(answer, sizeof answer) != kDone) {
    throw std::runtime_error("Redis at " + address_ + " was not flushed");
  }
}

}  // namespace crm::test
