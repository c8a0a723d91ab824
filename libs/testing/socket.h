// Loopback sockets, for the gate and for tests.
#pragma once

#include <string>
#include <utility>

namespace crm::test {

// Owns a file descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Close();
  // Of a TCP connection: the peer sees a reset, not an end.
  void Abort();

 private:
  int fd_;
};

// A listening socket on 127.0.0.1 with a port that the kernel chose. Throws std::runtime_error.
Fd Listen();
// The port of a socket's own end.
int PortOf(const Fd& socket);
// A connection to 127.0.0.1:`port`; not valid() where nobody listens.
Fd Connect(int port);
// A port that is free now, for servers that cannot choose their own or that keep theirs over
// restarts. It lies below those that the kernel gives to clients and below those of tools/dev, and
// no other caller of this function, in whatever process, is given it before this process ends.
// Throws std::runtime_error.
int FreePort();

}  // namespace crm::test
