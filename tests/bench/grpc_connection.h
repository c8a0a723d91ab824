// GrpcConnection: an HTTP/2 connection on which calls of gRPC are frames and nothing more
// (nghttp2). A whole gRPC client takes three times as much of the machine that is measured (30 us a
// call; performance.md allows the asker 8 to 15), which pgbench, a lean program, does not pay
// either.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "libs/testing/socket.h"
#include "tests/bench/machine.h"

struct nghttp2_session;

namespace crm::bench {

struct Ask {
  std::string method;  // "/crm.leads.v1.LeadService/GetLead"
  std::string body;
  // API key; empty: none.
  std::string key;
};

struct Answer {
  uint64_t number = 0;          // of the call
  Steady::time_point intended;  // when it was meant to be sent
  std::string status;           // grpc-status: "0" is good
  std::string message;          // grpc-message
  std::string body;
  bool good() const { return status == "0"; }
};

// Not thread-safe.
class GrpcConnection {
 public:
  using OnAnswer = std::function<void(Answer)>;

  // `address`: "127.0.0.1:50051". Throws std::runtime_error where nobody listens there soon.
  GrpcConnection(std::string address, OnAnswer on_answer);
  ~GrpcConnection();

  // Takes a call, which leaves with the next Flush(). Connects again where the other side has ended
  // the connection; throws std::runtime_error where that fails.
  void Send(const Ask& ask, uint64_t number, Steady::time_point intended);
  // Writes what the socket takes.
  void Flush();
  // Takes what has arrived. Calls under way on a connection that ends are answered "14".
  void Receive();

  int fd() const { return socket_.get(); }
  // Whether something waits for the socket to take it.
  bool blocked() const { return !unsent_.empty(); }

 private:
  struct Call;
  struct Callbacks;
  struct DeleteSession {
    void operator()(nghttp2_session* session) const;
  };

  void Connect();
  void Lose();

  const std::string address_;
  const OnAnswer on_answer_;
  test::Fd socket_;
  std::unique_ptr<nghttp2_session, DeleteSession> session_;
  std::map<int32_t, std::unique_ptr<Call>> calls_;  // by stream
  std::string unsent_;
};

}  // namespace crm::bench
