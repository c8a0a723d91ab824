#include "libs/testing/tcp_gate.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "libs/testing/eventually.h"
#include "libs/testing/socket.h"

namespace crm::test {
namespace {

using std::chrono::milliseconds;

// Answers each byte with itself, on any number of connections.
class EchoServer {
 public:
  EchoServer() : acceptor_([this] { Run(); }) {}
  ~EchoServer() {
    shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(PortOf(listener_)); }
  std::string received() const {
    std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  void Run() {
    for (;;) {
      Fd connection(accept(listener_.get(), nullptr, nullptr));
      if (!connection.valid()) return;
      threads_.emplace_back([this, c = std::move(connection)] { Echo(c); });
    }
  }
  void Echo(const Fd& connection) {
    char bytes[4096];
    for (ssize_t size; (size = recv(connection.get(), bytes, sizeof bytes, 0)) > 0;) {
      {
        std::lock_guard lock(mutex_);
        received_.append(bytes, size);
      }
      if (send(connection.get(), bytes, size, MSG_NOSIGNAL) != size) return;
    }
  }

  const Fd listener_ = Listen();
  mutable std::mutex mutex_;
  std::string received_;  // GUARDED_BY(mutex_)
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

bool Send(const Fd& fd, const std::string& bytes) {
  return send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

// The next `size` bytes, or fewer where the connection ends before.
std::string Receive(const Fd& fd, size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = recv(fd.get(), bytes.data(), size, MSG_WAITALL);
  bytes.resize(got < 0 ? 0 : got);
  return bytes;
}

// Whether anything, be it an end, comes within `time`.
bool Hears(const Fd& fd, milliseconds time) {
  pollfd one{fd.get(), POLLIN, 0};
  return poll(&one, 1, static_cast<int>(time.count())) > 0;
}

// The error with which the connection ends; 0 for a proper end.
int EndOf(const Fd& fd) {
  char byte;
  return recv(fd.get(), &byte, 1, 0) < 0 ? errno : 0;
}

class TcpGateTest : public ::testing::Test {
 protected:
  Fd Dial() const { return Connect(gate_.port()); }

  EchoServer server_;
  TcpGate gate_{server_.address()};
};

TEST_F(TcpGateTest, PassesBothDirectionsUnchangedAndCounts) {
  const Fd client = Dial();
  std::string sent;
  for (int i = 0; i < 3'000'000; ++i) sent += static_cast<char>(i * 31 % 251);
  std::thread sender([&] { EXPECT_TRUE(Send(client, sent)); });
  EXPECT_EQ(Receive(client, sent.size()), sent);
  sender.join();
  EXPECT_EQ(gate_.bytes_up(), sent.size());
  EXPECT_TRUE(Eventually([&] { return gate_.bytes_down() == sent.size(); }));
  EXPECT_EQ(gate_.connections(), 1u);
}

TEST_F(TcpGateTest, HandsOnTheEndOfEitherSide) {
  Fd client = Dial();
  ASSERT_TRUE(Send(client, "last"));
  shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(Receive(client, 100), "last");
  EXPECT_EQ(EndOf(client), 0);
  EXPECT_TRUE(Eventually([&] { return gate_.connections() == 0; }));
}

TEST_F(TcpGateTest, FreezesAndLaterDeliversWhatWasSentMeanwhile) {
  const Fd before = Dial();
  ASSERT_TRUE(Send(before, "a"));
  ASSERT_EQ(Receive(before, 1), "a");
  gate_.Freeze();
  const Fd during = Dial();
  ASSERT_TRUE(during.valid());
  ASSERT_TRUE(Send(before, "b"));
  ASSERT_TRUE(Send(during, "c"));
  EXPECT_FALSE(Hears(before, milliseconds(30)));
  EXPECT_FALSE(Hears(during, milliseconds(30)));
  EXPECT_EQ(server_.received(), "a");
  gate_.Open();
  EXPECT_EQ(Receive(before, 1), "b");
  EXPECT_EQ(Receive(during, 1), "c");
}

TEST_F(TcpGateTest, HoldsAnswersWhileRequestsArrive) {
  const Fd client = Dial();
  gate_.HoldAnswers();
  ASSERT_TRUE(Send(client, "commit"));
  EXPECT_TRUE(Eventually([&] { return server_.received() == "commit"; }));
  EXPECT_FALSE(Hears(client, milliseconds(30)));
  gate_.Reset();
  EXPECT_EQ(EndOf(client), ECONNRESET);
}

TEST_F(TcpGateTest, DelaysEachDirection) {
  const Fd client = Dial();
  gate_.Delay(milliseconds(40));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(Send(client, "slow"));
  EXPECT_EQ(Receive(client, 4), "slow");
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(80));
  gate_.Delay(std::chrono::hours(1));
  ASSERT_TRUE(Send(client, "x"));
  EXPECT_TRUE(Eventually([&] { return gate_.bytes_up() == 5; }));
  gate_.Open();
  EXPECT_EQ(Receive(client, 1), "x");
}

TEST_F(TcpGateTest, ResetsOnceAndServesTheNext) {
  const Fd client = Dial();
  gate_.Reset();
  EXPECT_EQ(EndOf(client), ECONNRESET);
  const Fd next = Dial();
  ASSERT_TRUE(Send(next, "again"));
  EXPECT_EQ(Receive(next, 5), "again");
}

TEST_F(TcpGateTest, ShutsOutEveryConnectionUntilItOpens) {
  const Fd open = Dial();
  gate_.Shut();
  EXPECT_EQ(EndOf(open), ECONNRESET);
  for (int i = 0; i < 3; ++i) {
    const Fd refused = Dial();
    // The reset can come before connect() has returned.
    EXPECT_TRUE(!refused.valid() || EndOf(refused) == ECONNRESET);
  }
  EXPECT_EQ(gate_.connections(), 0u);
  gate_.Open();
  const Fd client = Dial();
  ASSERT_TRUE(Send(client, "back"));
  EXPECT_EQ(Receive(client, 4), "back");
}

TEST(TcpGate, ResetsWhereNobodyListens) {
  TcpGate gate("127.0.0.1:" + std::to_string(FreePort()));
  const Fd client = Connect(gate.port());
  EXPECT_TRUE(!client.valid() || EndOf(client) == ECONNRESET);
}

TEST(TcpGate, RefusesTargetsThatAreNotLoopback) {
  EXPECT_THROW(TcpGate("10.0.0.1:5432"), std::runtime_error);
  EXPECT_THROW(TcpGate("127.0.0.1:"), std::runtime_error);
}

}  // namespace
}  // namespace crm::test
