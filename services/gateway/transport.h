// Transport: TCP with or without TLS as streams of bytes and timers, so that what is built on it
// names no network library. Private to the HTTP server.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "libs/base/status.h"

namespace crm::gateway {

// Belongs to a stream's strand, like everything of the stream.
class Timer {
 public:
  virtual ~Timer() = default;
  // `task` runs once after `delay`, unless Stop() or another Start() comes first.
  virtual void Start(std::chrono::milliseconds delay, std::function<void()> task) = 0;
  virtual void Stop() = 0;
};

// One connection. All but Post() is called on its strand, where the handlers run too, one at a
// time. At most one read and one write are under way.
class ByteStream {
 public:
  // An end of the stream is std::errc::no_message_available; Close() ends what is under way with
  // another error.
  using IoHandler = std::function<void(std::error_code, size_t)>;

  virtual ~ByteStream() = default;
  // "203.0.113.7".
  virtual const std::string& peer() const = 0;
  // Runs `task` on the strand. Thread-safe.
  virtual void Post(std::function<void()> task) = 0;
  virtual std::unique_ptr<Timer> NewTimer() = 0;
  // First of all; with TLS it agrees on keys.
  virtual void Handshake(std::function<void(std::error_code)> done) = 0;
  virtual void ReadSome(std::span<char> into, IoHandler done) = 0;
  // All of `bytes`, which the caller keeps until then.
  virtual void Write(std::string_view bytes, IoHandler done) = 0;
  // Tells the peer that nothing more comes.
  virtual void ShutdownSend() = 0;
  virtual void Close() = 0;
};

struct TransportOptions {
  std::string address;
  uint16_t port;  // 0: the system chooses
  int threads;
  std::string certificate_file, key_file;  // PEM; empty: no TLS
};

// Thread-safe. Outlives its streams.
class Transport {
 public:
  // Listens. Fails where the address is taken or a certificate cannot be read.
  static Result<std::unique_ptr<Transport>> Create(const TransportOptions& options);
  virtual ~Transport() = default;
  virtual int port() const = 0;
  virtual bool uses_tls() const = 0;
  // Accepts; `on_stream` runs on any of the threads.
  virtual void Start(std::function<void(std::unique_ptr<ByteStream>)> on_stream) = 0;
  // Once it returns, nothing more is accepted.
  virtual void StopAccepting() = 0;
  // Ends the threads. Nothing posted runs any more.
  virtual void Stop() = 0;
};

}  // namespace crm::gateway
