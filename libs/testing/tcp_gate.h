// A gate between our code and a server: it passes, hangs, delays, resets and refuses, as networks
// and servers do.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace crm::test {

// Listens on a loopback port of its own and forwards each connection to `target`. Each call below
// returns when the gate works that way, for the connections that are there as for those to come.
// Thread-safe.
//
// A Kafka client leaves the address it was given for the one that the broker advertises: see
// KafkaProcess::Advertise().
class TcpGate {
 public:
  // `target` is "127.0.0.1:<port>"; nobody need listen there yet (then connections are reset).
  // Other hosts than loopback are refused, so that no test can harm them. Throws
  // std::runtime_error.
  explicit TcpGate(const std::string& target);
  // Resets what is open.
  ~TcpGate();

  // Where clients connect: "127.0.0.1:<port>".
  const std::string& address() const;
  int port() const;

  // Forwards everything, at once. So does a new gate. What was held comes out, in order.
  void Open();
  // Connections stay open and are accepted, but nothing comes through: a server or network that
  // stands still.
  void Freeze();
  // Requests come through, their answers do not: the client cannot know what has happened.
  void HoldAnswers();
  // Everything comes through `time` later, in each direction.
  void Delay(std::chrono::milliseconds time);
  // Resets every connection, now and when it is made, until Open(): a server that is down. What was
  // held is lost.
  void Shut();
  // Resets the connections that are open, once; new ones are treated as before.
  void Reset();

  // Open through the gate now.
  size_t connections() const;
  // Taken from clients, and handed to them, since the start.
  size_t bytes_up() const;
  size_t bytes_down() const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::test
