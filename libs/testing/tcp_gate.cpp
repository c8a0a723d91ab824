#include "libs/testing/tcp_gate.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "libs/testing/socket.h"

namespace crm::test {
namespace {

using Steady = std::chrono::steady_clock;

// Held per direction; beyond it the sender's own buffers fill up, as with a slow network.
constexpr size_t kHoldLimit = 1u << 20;

int ParseTarget(const std::string& target) {
  constexpr std::string_view kHost = "127.0.0.1:";
  int port = 0;
  if (target.starts_with(kHost)) {
    std::from_chars(target.data() + kHost.size(), target.data() + target.size(), port);
  }
  if (port <= 0) throw std::runtime_error("'" + target + "' is not 127.0.0.1:<port>");
  return port;
}

void MakeNonBlocking(const Fd& fd) {
  fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

struct Rules {
  bool hold_up = false;
  bool hold_down = false;
  bool shut = false;
  std::chrono::milliseconds delay{0};
};

// One direction of a connection.
class Flow {
 public:
  bool wants_to_read() const { return !ended_ && held_ < kHoldLimit; }
  bool wants_to_write(Steady::time_point now) const {
    return !chunks_.empty() && chunks_.front().due <= now;
  }
  // When the next chunk is due; far away where there is none.
  Steady::time_point due() const {
    return chunks_.empty() ? Steady::time_point::max() : chunks_.front().due;
  }
  bool finished() const { return finished_; }

  // What there is, to be forwarded after `delay`. False where the connection is broken.
  bool Read(const Fd& from, std::chrono::milliseconds delay, std::atomic<size_t>* count) {
    std::array<char, 64 * 1024> bytes;
    const ssize_t size = recv(from.get(), bytes.data(), bytes.size(), 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) {
      ended_ = true;
      return true;
    }
    chunks_.push_back({Steady::now() + delay, std::string(bytes.data(), size)});
    held_ += size;
    if (count != nullptr) *count += size;
    return true;
  }

  // What is due. False where the connection is broken.
  bool Write(const Fd& to, std::atomic<size_t>* count) {
    std::string& bytes = chunks_.front().bytes;
    const ssize_t size = send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    held_ -= size;
    if (count != nullptr) *count += size;
    bytes.erase(0, size);
    if (bytes.empty()) chunks_.pop_front();
    return true;
  }

  // Hands the sender's end on, once all before it is through.
  void Finish(const Fd& to) {
    if (!ended_ || finished_ || !chunks_.empty()) return;
    finished_ = true;
    shutdown(to.get(), SHUT_WR);
  }

  // Everything held is due now.
  void Hurry() {
    for (Chunk& chunk : chunks_) chunk.due = Steady::time_point::min();
  }

 private:
  struct Chunk {
    Steady::time_point due;
    std::string bytes;
  };
  std::deque<Chunk> chunks_;
  size_t held_ = 0;
  bool ended_ = false;     // the sender has sent its last
  bool finished_ = false;  // and the receiver knows
};

struct Connection {
  Fd client;
  Fd server;
  Flow up;
  Flow down;

  void Abort() {
    client.Abort();
    server.Abort();
  }
};

}  // namespace

struct TcpGate::Rep {
  explicit Rep(const std::string& target);

  // Changes the rules within the gate's thread and waits until that is done.
  void Apply(const std::function<void()>& change);

  void Run();
  // Takes all that wait.
  void Accept();
  void Open(Fd client);
  void ResetAll();
  // False where the connection is over.
  bool Serve(Connection& connection, const pollfd& client, const pollfd& server);
  void AddPolls(const Connection& connection, std::vector<pollfd>& polls) const;
  int Timeout() const;

  const int target_port;
  Fd listener = Listen();
  const std::string address = "127.0.0.1:" + std::to_string(PortOf(listener));
  const Fd wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  // Of the gate's thread.
  Rules rules;
  std::list<Connection> open;
  bool stopped = false;

  std::atomic<size_t> connections = 0;
  std::atomic<size_t> up = 0;
  std::atomic<size_t> down = 0;

  std::mutex mutex;
  std::condition_variable applied;
  std::deque<const std::function<void()>*> changes;  // GUARDED_BY(mutex)

  std::thread thread;
};

TcpGate::Rep::Rep(const std::string& target) : target_port(ParseTarget(target)) {
  MakeNonBlocking(listener);
  thread = std::thread([this] { Run(); });
}

void TcpGate::Rep::Apply(const std::function<void()>& change) {
  std::unique_lock lock(mutex);
  changes.push_back(&change);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake.get(), &one, sizeof one);
  applied.wait(lock,
               [&] { return std::find(changes.begin(), changes.end(), &change) == changes.end(); });
}

void TcpGate::Rep::AddPolls(const Connection& connection, std::vector<pollfd>& polls) const {
  const auto now = Steady::now();
  const auto& [client, server, to_server, to_client] = connection;
  const auto events = [&](bool hold_in, const Flow& in, bool hold_out, const Flow& out) {
    short wanted = 0;
    if (!hold_in && in.wants_to_read()) wanted |= POLLIN;
    if (!hold_out && out.wants_to_write(now)) wanted |= POLLOUT;
    return wanted;
  };
  const auto add = [&](const Fd& fd, short wanted) {
    // Nothing wanted: not polled at all, or a peer's reset would end the wait again and again.
    polls.push_back({wanted == 0 ? -1 : fd.get(), wanted, 0});
  };
  add(client, events(rules.hold_up, to_server, rules.hold_down, to_client));
  add(server, events(rules.hold_down, to_client, rules.hold_up, to_server));
}

int TcpGate::Rep::Timeout() const {
  auto next = Steady::time_point::max();
  const auto now = Steady::now();
  for (const Connection& connection : open) {
    // What is due already waits for its socket, not for time.
    if (!rules.hold_up && connection.up.due() > now) next = std::min(next, connection.up.due());
    if (!rules.hold_down && connection.down.due() > now) {
      next = std::min(next, connection.down.due());
    }
  }
  if (next == Steady::time_point::max()) return -1;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next - now).count());
}

void TcpGate::Rep::Accept() {
  for (;;) {
    Fd client(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client.valid()) return;
    Open(std::move(client));
  }
}

void TcpGate::Rep::ResetAll() {
  // Whom the kernel has let in believes to be connected.
  Accept();
  for (Connection& connection : open) connection.Abort();
  open.clear();
  connections = 0;
}

void TcpGate::Rep::Open(Fd client) {
  Fd server = rules.shut ? Fd() : Connect(target_port);
  if (!server.valid()) return client.Abort();
  const int on = 1;
  setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  MakeNonBlocking(server);
  open.push_back({std::move(client), std::move(server), {}, {}});
}

bool TcpGate::Rep::Serve(Connection& connection, const pollfd& client, const pollfd& server) {
  auto& [client_fd, server_fd, to_server, to_client] = connection;
  constexpr short kReadable = POLLIN | POLLHUP | POLLERR;
  const auto readable = [&](const pollfd& poll) {
    return (poll.events & POLLIN) != 0 && (poll.revents & kReadable) != 0;
  };
  const auto writable = [&](const pollfd& poll) {
    return (poll.events & POLLOUT) != 0 && (poll.revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
  };
  if (readable(client) && !to_server.Read(client_fd, rules.delay, &up)) return false;
  if (readable(server) && !to_client.Read(server_fd, rules.delay, nullptr)) return false;
  if (writable(server) && !to_server.Write(server_fd, nullptr)) return false;
  if (writable(client) && !to_client.Write(client_fd, &down)) return false;
  if (!rules.hold_up) to_server.Finish(server_fd);
  if (!rules.hold_down) to_client.Finish(client_fd);
  return !to_server.finished() || !to_client.finished();
}

void TcpGate::Rep::Run() {
  std::vector<pollfd> polls;
  while (!stopped) {
    polls = {{wake.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
    for (const Connection& connection : open) AddPolls(connection, polls);
    poll(polls.data(), polls.size(), Timeout());

    size_t next = 2;
    for (auto it = open.begin(); it != open.end(); next += 2) {
      if (Serve(*it, polls[next], polls[next + 1])) {
        ++it;
        continue;
      }
      const bool ended = it->up.finished() && it->down.finished();
      if (!ended) it->Abort();
      it = open.erase(it);
    }
    if (polls[1].revents != 0) Accept();
    if (polls[0].revents != 0) {
      uint64_t count = 0;
      [[maybe_unused]] const ssize_t size = read(wake.get(), &count, sizeof count);
      std::lock_guard lock(mutex);
      for (const auto* change : changes) (*change)();
      changes.clear();
      applied.notify_all();
    }
    connections = open.size();
  }
  for (Connection& connection : open) connection.Abort();
}

TcpGate::TcpGate(const std::string& target) : rep_(std::make_unique<Rep>(target)) {}

TcpGate::~TcpGate() {
  rep_->Apply([this] { rep_->stopped = true; });
  rep_->thread.join();
}

const std::string& TcpGate::address() const {
  return rep_->address;
}
int TcpGate::port() const {
  return PortOf(rep_->listener);
}

void TcpGate::Open() {
  rep_->Apply([this] {
    rep_->rules = {};
    for (Connection& connection : rep_->open) {
      connection.up.Hurry();
      connection.down.Hurry();
    }
  });
}

void TcpGate::Freeze() {
  rep_->Apply([this] { rep_->rules = {.hold_up = true, .hold_down = true}; });
}

void TcpGate::HoldAnswers() {
  rep_->Apply([this] { rep_->rules = {.hold_down = true}; });
}

void TcpGate::Delay(std::chrono::milliseconds time) {
  rep_->Apply([this, time] { rep_->rules = {.delay = time}; });
}

void TcpGate::Shut() {
  // In one step, so that nothing held slips out in between.
  rep_->Apply([this] {
    rep_->rules = {.shut = true};
    rep_->ResetAll();
  });
}

void TcpGate::Reset() {
  rep_->Apply([this] { rep_->ResetAll(); });
}

size_t TcpGate::connections() const {
  return rep_->connections;
}
size_t TcpGate::bytes_up() const {
  return rep_->up;
}
size_t TcpGate::bytes_down() const {
  return rep_->down;
}

}  // namespace crm::test
