// A gate before a server, for tests of what happens when the server is away or silent:
//
//   TcpGate gate("127.0.0.1:5432");   // clients use gate.address()
//   gate.Shut();                      // as if the server were gone
//   gate.Open();
//
// Thread-safe. A change has taken effect when its call returns.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace crm::test {

class TcpGate {
 public:
  // Opens a free port of 127.0.0.1. Throws std::runtime_error where that or `target` ("host:port",
  // an IPv4 address or a name) is impossible.
  explicit TcpGate(const std::string& target);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // Lets everything through, also what waited while frozen.
  void Open() { Become(State::kOpen); }
  // Resets all connections and every new one.
  void Shut() { Become(State::kShut); }
  // Keeps connections, takes new ones, and passes nothing on: a server that hangs.
  void Freeze() { Become(State::kFrozen); }

 private:
  enum class State { kOpen, kShut, kFrozen, kStopping };
  struct Way {  // one direction of a connection
    int from;
    int to;
    std::string pending;
    bool ended = false;
  };
  struct Pair {
    Way up;
    Way down;
    bool dead = false;
  };

  void Become(State state);
  void Loop();
  State Obey();
  void Accept(State state);
  static void Pump(Way& way, bool& dead);
  static void Reset(int fd);

  std::string host_;
  std::string service_;
  int listener_ = -1;
  int wake_ = -1;
  int port_ = 0;
  std::list<Pair> pairs_;  // owned by the thread
  std::mutex turn_;  // one change after the other
  std::mutex mutex_;
  std::condition_variable obeyed_;
  State wanted_ = State::kOpen;   // GUARDED_BY(mutex_)
  State current_ = State::kOpen;  // GUARDED_BY(mutex_)
  std::thread thread_;
};

}  // namespace crm::test
