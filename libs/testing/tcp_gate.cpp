#include "libs/testing/tcp_gate.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <vector>

namespace crm::test {
namespace {

constexpr size_t kChunk = 64 * 1024;

int Connect(const std::string& host, const std::string& service) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), service.c_str(), &hints, &found) != 0) return -1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  return fd;
}

}  // namespace

TcpGate::TcpGate(const std::string& target) {
  const size_t colon = target.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error("TcpGate: no port in " + target);
  host_ = target.substr(0, colon);
  service_ = target.substr(colon + 1);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, SOMAXCONN) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("TcpGate: no port is free");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Loop(); });
}

TcpGate::~TcpGate() {
  Become(State::kStopping);
  thread_.join();
  close(listener_);
  close(wake_);
}

void TcpGate::Become(State state) {
  std::lock_guard turn(turn_);
  std::unique_lock lock(mutex_);
  wanted_ = state;
  eventfd_write(wake_, 1);
  obeyed_.wait(lock, [&] { return current_ == state; });
}

void TcpGate::Loop() {
  for (State state = State::kOpen; state != State::kStopping; state = Obey()) {
    std::vector<pollfd> fds = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    if (state == State::kOpen) {
      for (const Pair& pair : pairs_) {
        for (const Way* way : {&pair.up, &pair.down}) {
          if (!way->pending.empty()) fds.push_back({way->to, POLLOUT, 0});
          if (way->pending.empty() && !way->ended) fds.push_back({way->from, POLLIN, 0});
        }
      }
    }
    poll(fds.data(), fds.size(), -1);
    if (fds[1].revents != 0) Accept(state);
    if (state != State::kOpen) continue;
    for (Pair& pair : pairs_) {
      Pump(pair.up, pair.dead);
      Pump(pair.down, pair.dead);
      pair.dead = pair.dead || (pair.up.ended && pair.down.ended);
      if (pair.dead) {
        Reset(pair.up.from);
        Reset(pair.up.to);
      }
    }
    pairs_.remove_if([](const Pair& pair) { return pair.dead; });
  }
}

// What the callers of Become ask for, done when this returns.
TcpGate::State TcpGate::Obey() {
  eventfd_t ignored;
  eventfd_read(wake_, &ignored);
  std::lock_guard lock(mutex_);
  if (wanted_ == State::kShut || wanted_ == State::kStopping) {
    for (const Pair& pair : pairs_) {
      Reset(pair.up.from);
      Reset(pair.up.to);
    }
    pairs_.clear();
  }
  current_ = wanted_;
  obeyed_.notify_all();
  return current_;
}

void TcpGate::Accept(State state) {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = state == State::kShut ? -1 : Connect(host_, service_);
  if (server < 0) {
    Reset(client);
    return;
  }
  const int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  pairs_.push_back({{client, server, "", false}, {server, client, "", false}, false});
}

void TcpGate::Pump(Way& way, bool& dead) {
  if (way.pending.empty() && !way.ended) {
    std::array<char, kChunk> chunk;
    const ssize_t got = recv(way.from, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got > 0) way.pending.assign(chunk.data(), static_cast<size_t>(got));
    if (got == 0) {
      way.ended = true;
      shutdown(way.to, SHUT_WR);
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) dead = true;
  }
  if (way.pending.empty()) return;
  const ssize_t sent =
      send(way.to, way.pending.data(), way.pending.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) way.pending.erase(0, static_cast<size_t>(sent));
  if (sent < 0 && errno != EAGAIN && errno != EINTR) dead = true;
}

// An RST instead of a polite end, as from a machine that is gone.
void TcpGate::Reset(int fd) {
  const linger abrupt{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &abrupt, sizeof(abrupt));
  close(fd);
}

}  // namespace crm::test
