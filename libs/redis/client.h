// Redis behind an interface of ours; the only folder that includes hiredis.
//
// Nothing here may be the only place that knows something: Redis is allowed to vanish, to forget
// and to be flushed at any moment, and that must change no answer but those of rate limits. So
// every call has a short timeout and every caller a way to go on.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/status.h"

namespace crm::redis {

struct Options {
  // "host:port", or the path of a Unix socket.
  std::string address = {};
  // Holds the password in its first line, read at each connect. Empty: none.
  std::string password_file = {};
  int database = 0;
  size_t pool_size = 4;
  // For connecting, for one command, and for a free connection; each.
  std::chrono::milliseconds timeout{100};
};

// What a command answers: null, an integer, text or bytes, or a list.
struct Reply {
  std::variant<std::monostate, int64_t, std::string, std::vector<Reply>> value;

  bool is_null() const { return value.index() == 0; }
  const int64_t* integer() const { return std::get_if<int64_t>(&value); }
  const std::string* text() const { return std::get_if<std::string>(&value); }
  const std::vector<Reply>* list() const { return std::get_if<std::vector<Reply>>(&value); }
};

// A bounded pool of connections, made when first needed. Thread-safe.
class Client {
 public:
  explicit Client(Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // One command with its arguments, which may be any bytes. UNAVAILABLE with reason
  // REDIS_UNAVAILABLE where the server cannot be reached or does not answer in time (the command
  // may have run), RESOURCE_EXHAUSTED with reason REDIS_POOL_EXHAUSTED where all connections are
  // busy, FAILED_PRECONDITION with reason REDIS_REFUSED and metadata "error" (its first word, as in
  // "NOSCRIPT") where the server refuses it.
  Result<Reply> Run(std::span<const std::string> command);
  Status Ping();

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace crm::redis
