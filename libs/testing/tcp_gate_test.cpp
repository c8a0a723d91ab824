#include "libs/testing/tcp_gate.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace crm::test {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Sends back what it gets, one connection at a time.
class EchoServer {
 public:
  EchoServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 8);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~EchoServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void Serve() {
    for (int client = 0; (client = accept(listener_, nullptr, nullptr)) >= 0; close(client)) {
      char byte = 0;
      while (recv(client, &byte, 1, 0) == 1) send(client, &byte, 1, MSG_NOSIGNAL);
    }
  }

  int listener_;
  int port_ = 0;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const sockaddr_in address = Loopback(port);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Client() { close(fd_); }

  bool Send(char byte) { return connected_ && send(fd_, &byte, 1, MSG_NOSIGNAL) == 1; }
  // 0 where the connection has ended.
  char Receive() {
    char byte = 0;
    return recv(fd_, &byte, 1, 0) == 1 ? byte : '\0';
  }
  bool Silent() {
    pollfd socket{fd_, POLLIN, 0};
    return poll(&socket, 1, 50) == 0;
  }

 private:
  int fd_;
  bool connected_;
};

TEST(TcpGate, PassesBytesBothWaysWhileOpen) {
  EchoServer server;
  TcpGate gate(server.address());
  Client client(gate.port());
  ASSERT_TRUE(client.Send('a'));
  EXPECT_EQ(client.Receive(), 'a');
}

TEST(TcpGate, ShutEndsConnectionsAndTakesNoNewOnes) {
  EchoServer server;
  TcpGate gate(server.address());
  {
    Client client(gate.port());
    ASSERT_TRUE(client.Send('a'));
    ASSERT_EQ(client.Receive(), 'a');
    gate.Shut();
    EXPECT_EQ(client.Receive(), '\0');
  }
  EXPECT_EQ(Client(gate.port()).Receive(), '\0');
  gate.Open();
  Client client(gate.port());
  ASSERT_TRUE(client.Send('b'));
  EXPECT_EQ(client.Receive(), 'b');
}

TEST(TcpGate, FrozenKeepsBytesUntilItOpens) {
  EchoServer server;
  TcpGate gate(server.address());
  Client client(gate.port());
  gate.Freeze();
  ASSERT_TRUE(client.Send('a'));
  EXPECT_TRUE(client.Silent());
  gate.Open();
  EXPECT_EQ(client.Receive(), 'a');
}

TEST(TcpGate, TargetWithoutPortIsRefused) {
  EXPECT_THROW(TcpGate("localhost"), std::runtime_error);
}

}  // namespace
}  // namespace crm::test
