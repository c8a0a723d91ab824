#include "libs/testing/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <random>
#include <stdexcept>

namespace crm::test {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// Not valid() where the port is taken.
Fd Bind(int port) {
  Fd socket_fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  if (bind(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Fd();
  }
  return socket_fd;
}

// Whether nobody has been given the port; from now on somebody has, until this process ends. The
// name of a socket without a file belongs to one process of the machine, and ends with it.
bool Reserve(int port) {
  const std::string name = "crm-test-port-" + std::to_string(port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);  // behind a zero: no file
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int kept = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(kept, reinterpret_cast<const sockaddr*>(&address), size) == 0) return true;
  close(kept);
  return false;
}

}  // namespace

void Fd::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Fd::Abort() {
  const linger none{.l_onoff = 1, .l_linger = 0};
  if (fd_ >= 0) setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  Close();
}

Fd Listen() {
  Fd listener = Bind(0);
  if (!listener.valid() || listen(listener.get(), SOMAXCONN) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  return listener;
}

int PortOf(const Fd& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Fd Connect(int port) {
  Fd connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Fd();
  }
  const int on = 1;
  setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connection;
}

int FreePort() {
  constexpr int kFirst = 10000;
  constexpr int kLast = 19999;
  std::random_device device;
  std::uniform_int_distribution<int> any(kFirst, kLast);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = any(device);
    if (Bind(port).valid() && Reserve(port)) return port;
  }
  throw std::runtime_error("no port from 10000 to 19999 is free");
}

}  // namespace crm::test
