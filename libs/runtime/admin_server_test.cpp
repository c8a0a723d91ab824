#include "libs/runtime/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "libs/runtime/raw_http.h"

namespace crm::runtime {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    auto server = AdminServer::Start(
        "127.0.0.1:0", {{"/metrics",
                         [] {
                           return AdminPage{.content_type = "text/plain; version=0.0.4",
                                            .body = "crm_x 1\n"};
                         }},
                        {"/readyz", [this] { return AdminPage{.status = ready_ ? 200 : 503}; }}});
    EXPECT_TRUE(server.ok()) << server.status().ToString();
    server_ = std::move(server).value();
  }

  std::atomic<bool> ready_ = true;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, ServesItsPages) {
  std::string answer = Get(server_->port(), "/metrics?x=1");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\ncrm_x 1\n"));
}

TEST_F(AdminServerTest, MakesEachPageAnew) {
  EXPECT_THAT(Get(server_->port(), "/readyz"), StartsWith("HTTP/1.1 200"));
  ready_ = false;
  EXPECT_THAT(Get(server_->port(), "/readyz"), StartsWith("HTTP/1.1 503"));
}

TEST_F(AdminServerTest, AnswersHeadWithoutABody) {
  std::string answer = Exchange(server_->port(), "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 8\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(AdminServerTest, RefusesEverythingElse) {
  int port = server_->port();
  EXPECT_THAT(Get(port, "/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get(port, "/metrics/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Exchange(port, "DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
              testing::AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(Exchange(port, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(Exchange(port, "not http\r\n\r\n"), "");
}

TEST_F(AdminServerTest, BoundsTheHeadersItReads) {
  std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + std::string(8 << 10, 'x');
  EXPECT_THAT(Exchange(server_->port(), request), StartsWith("HTTP/1.1 431"));
}

TEST_F(AdminServerTest, MoreCallersThanConnectionsAreAllAnswered) {
  std::vector<std::thread> callers;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 64; ++i) {
    callers.emplace_back([&] {
      if (Get(server_->port(), "/metrics").starts_with("HTTP/1.1 200")) ++answered;
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(answered, 64);
}

TEST_F(AdminServerTest, SilentConnectionsHoldOthersOnlyAtTheBound) {
  std::vector<int> silent;
  for (int i = 0; i < 31; ++i) silent.push_back(ConnectTo(server_->port()));
  EXPECT_THAT(Get(server_->port(), "/metrics"), StartsWith("HTTP/1.1 200"));
  // The 32nd silent one fills the bound; a caller behind it is answered once one of them goes.
  silent.push_back(ConnectTo(server_->port()));
  int waiting = ConnectTo(server_->port());
  std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  send(waiting, request.data(), request.size(), MSG_NOSIGNAL);
  close(silent.back());
  silent.pop_back();
  EXPECT_THAT(ReadToEnd(waiting), StartsWith("HTTP/1.1 200"));
  for (int socket : silent) close(socket);
}

TEST_F(AdminServerTest, StopsWithConnectionsOpen) {
  int silent = ConnectTo(server_->port());
  ASSERT_THAT(Get(server_->port(), "/metrics"), StartsWith("HTTP/1.1 200"));
  server_.reset();
  EXPECT_EQ(ReadToEnd(silent), "");
}

TEST_F(AdminServerTest, SaysWhyItCannotListen) {
  std::string taken = "127.0.0.1:" + std::to_string(server_->port());
  auto second = AdminServer::Start(taken, {});
  EXPECT_EQ(second.status().reason(), "ADMIN_ADDRESS_UNUSABLE");
  EXPECT_EQ(second.status().message(),
            "The admin server cannot listen on " + taken + ": Address already in use.");
  EXPECT_EQ(AdminServer::Start("localhost", {}).status().reason(), "ADMIN_ADDRESS_UNUSABLE");
  EXPECT_EQ(AdminServer::Start("127.0.0.1:http-ish", {}).status().reason(),
            "ADMIN_ADDRESS_UNUSABLE");
}

}  // namespace
}  // namespace crm::runtime
