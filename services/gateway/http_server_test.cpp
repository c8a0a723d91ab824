#include "services/gateway/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "libs/testing/clock.h"
#include "libs/testing/eventually.h"
#include "services/gateway/test_client.h"

namespace crm::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Eventually;
using ::testing::HasSubstr;

// Says what it was asked.
void Echo(const std::shared_ptr<HttpExchange>& exchange) {
  const auto& request = exchange->request();
  HttpResponse response;
  response.body = request.method + " " + request.target + " " + request.body;
  exchange->Respond(std::move(response));
}

class HttpServerTest : public ::testing::Test {
 protected:
  void Serve(HttpHandler handler = Echo, HttpServerOptions options = {}) {
    server_ = HttpServer::Create(std::move(options), std::move(handler), clock_).value();
    server_->Start();
  }
  int port() const { return server_->port(); }

  ManualClock clock_{test::kMonday};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  Serve();
  TestClient client(port());
  auto first = client.Call("POST", "/a?b", "one");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "POST /a?b one");
  EXPECT_EQ(first.headers["date"], "Mon, 05 Jan 2026 09:00:00 GMT");
  EXPECT_EQ(first.headers["connection"], "keep-alive");
  EXPECT_EQ(client.Call("GET", "/c").body, "GET /c ");
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  Serve();
  TestClient client(port());
  client.Send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHo");
  EXPECT_EQ(client.Receive().body, "GET /1 ");
  EXPECT_EQ(client.Receive().body, "GET /2 ");
  client.Send("st: a\r\n\r\n");
  EXPECT_EQ(client.Receive().body, "GET /3 ");
}

// The next request often arrives before the server knows that its answer has been sent.
TEST_F(HttpServerTest, AnswersManyRequestsOverOneConnection) {
  Serve();
  TestClient client(port());
  for (int i = 0; i < 500; ++i) {
    const std::string body(static_cast<size_t>(i), 'x');
    ASSERT_EQ(client.Call("POST", "/" + std::to_string(i), body).body,
              "POST /" + std::to_string(i) + " " + body);
  }
}

TEST_F(HttpServerTest, ClosesWhereTheClientAsksForIt) {
  Serve();
  TestClient client(port());
  auto response = client.Call("GET", "/", "", "Connection: close\r\n");
  EXPECT_EQ(response.headers["connection"], "close");
  EXPECT_TRUE(client.AtEnd());
  TestClient old(port());
  old.Send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.Receive().body, "GET /old ");
  EXPECT_TRUE(old.AtEnd());
}

TEST_F(HttpServerTest, ReadsChunkedBodiesAndAbsoluteAddresses) {
  Serve();
  TestClient client(port());
  client.Send(
      "POST http://test/x?y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;e=1\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.Receive().body, "POST /x?y abcde");
}

TEST_F(HttpServerTest, SaysContinueToWhoAsks) {
  Serve();
  TestClient client(port());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("ok");
  EXPECT_EQ(client.Receive().body, "POST / ok");
}

TEST_F(HttpServerTest, SendsNoBodyToHead) {
  Serve();
  TestClient client(port());
  auto response = client.Call("HEAD", "/");
  EXPECT_EQ(response.headers["content-length"], "7");
  EXPECT_EQ(client.Call("GET", "/").body, "GET / ");
}

struct BadRequest {
  std::string bytes;
  int status;
  std::string reason;
};

class HttpServerRefuses : public HttpServerTest,
                          public ::testing::WithParamInterface<BadRequest> {};

TEST_P(HttpServerRefuses, WhatIsNoRequest) {
  Serve(Echo, {.max_header_bytes = 1024, .max_body_bytes = 100});
  TestClient client(port());
  client.Send(GetParam().bytes);
  const auto response = client.Receive();
  EXPECT_EQ(response.status, GetParam().status);
  EXPECT_THAT(response.body, HasSubstr("\"reason\":\"" + GetParam().reason + "\""));
  EXPECT_TRUE(client.AtEnd());
}

INSTANTIATE_TEST_SUITE_P(
    Table, HttpServerRefuses,
    ::testing::Values(
        BadRequest{"nonsense\r\n\r\n", 400, "HTTP_MALFORMED"},
        BadRequest{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400, "HTTP_MALFORMED"},
        BadRequest{"GET / HTTP/1.1\r\n\r\n", 400, "HTTP_MALFORMED"},
        BadRequest{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "HTTP_MALFORMED"},
        BadRequest{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "HTTP_MALFORMED"},
        BadRequest{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                   400, "HTTP_MALFORMED"},
        BadRequest{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400,
                   "HTTP_MALFORMED"},
        BadRequest{
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400, "HTTP_MALFORMED"},
        BadRequest{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400,
                   "HTTP_MALFORMED"},
        BadRequest{"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", 431,
                   "HTTP_HEADER_TOO_LARGE"},
        BadRequest{"GET /" + std::string(2000, 'x'), 431, "HTTP_HEADER_TOO_LARGE"},
        BadRequest{
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'),
            413, "HTTP_BODY_TOO_LARGE"},
        BadRequest{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n80\r\n" +
                       std::string(128, 'x'),
                   413, "HTTP_BODY_TOO_LARGE"}));

TEST_F(HttpServerTest, RefusesALargeBodyBeforeItIsSent) {
  Serve(Echo, {.max_body_bytes = 100});
  TestClient client(port());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 413);
}

TEST_F(HttpServerTest, CutsOffASlowHeader) {
  Serve(Echo, {.header_timeout = milliseconds(50)});
  TestClient client(port());
  client.Send("GET / HT");
  EXPECT_EQ(client.Receive().status, 408);
  TestClient silent(port());
  EXPECT_TRUE(silent.AtEnd());
}

TEST_F(HttpServerTest, CutsOffASlowBody) {
  Serve(Echo, {.body_timeout = milliseconds(50)});
  TestClient client(port());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  const auto response = client.Receive();
  EXPECT_EQ(response.status, 408);
  EXPECT_THAT(response.body, HasSubstr("HTTP_REQUEST_TIMEOUT"));
}

TEST_F(HttpServerTest, ClosesAnIdleConnection) {
  Serve(Echo, {.idle_timeout = milliseconds(50)});
  TestClient client(port());
  EXPECT_EQ(client.Call("GET", "/").status, 200);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(HttpServerTest, TurnsConnectionsAwayAboveTheBound) {
  Serve(Echo, {.max_connections = 1});
  TestClient first(port());
  EXPECT_EQ(first.Call("GET", "/").status, 200);
  TestClient second(port());
  auto refused = second.Receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers["retry-after"], "1");
  EXPECT_EQ(first.Call("GET", "/").status, 200);
}

// Holds exchanges until the test lets go.
class Holder {
 public:
  HttpHandler handler() {
    return [this](std::shared_ptr<HttpExchange> exchange) {
      std::lock_guard lock(mutex_);
      exchange_ = std::move(exchange);
      changed_.notify_all();
    };
  }
  std::shared_ptr<HttpExchange> Take() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(10), [this] { return exchange_ != nullptr; });
    return std::move(exchange_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<HttpExchange> exchange_;  // GUARDED_BY(mutex_)
};

TEST_F(HttpServerTest, TellsTheHandlerThatTheClientHasGone) {
  Holder holder;
  Serve(holder.handler());
  std::optional<TestClient> client(std::in_place, port());
  client->Request("GET", "/");
  auto exchange = holder.Take();
  EXPECT_FALSE(exchange->stop_token().stop_requested());
  client.reset();
  EXPECT_TRUE(Eventually([&] { return exchange->stop_token().stop_requested(); }));
  exchange->Respond({});
}

TEST_F(HttpServerTest, AnswersWhereAHandlerForgets) {
  Serve([](const std::shared_ptr<HttpExchange>&) {});
  TestClient client(port());
  EXPECT_EQ(client.Call("GET", "/").status, 500);
}

TEST_F(HttpServerTest, StreamsInChunksAndGoesOn) {
  Holder holder;
  Serve(holder.handler());
  TestClient client(port());
  client.Request("GET", "/");
  auto exchange = holder.Take();
  HttpResponse head;
  head.SetHeader("X-A", "1");
  exchange->OpenStream(head, {});
  EXPECT_TRUE(exchange->Write("one"));
  EXPECT_EQ(client.ReceiveHead().headers["x-a"], "1");
  EXPECT_EQ(client.ReadUntil("one\r\n"), "3\r\none\r\n");
  exchange->EndStream({.status = 500}, "tail");
  EXPECT_EQ(client.ReadUntil("0\r\n\r\n"), "4\r\ntail\r\n0\r\n\r\n");
  client.Request("GET", "/again");
  holder.Take()->Respond({.status = 204});
  EXPECT_EQ(client.Receive(false).status, 204);
}

TEST_F(HttpServerTest, LetsAStreamThatSaidNothingEndAsAResponse) {
  Holder holder;
  Serve(holder.handler());
  TestClient client(port());
  client.Request("GET", "/");
  auto exchange = holder.Take();
  exchange->OpenStream({}, {.open_after = seconds(60)});
  exchange->EndStream({.status = 403, .body = "no"}, "tail");
  const auto response = client.Receive();
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "no");
}

TEST_F(HttpServerTest, OpensASilentStreamAndKeepsItAlive) {
  Holder holder;
  Serve(holder.handler());
  TestClient client(port());
  client.Request("GET", "/");
  auto exchange = holder.Take();
  exchange->OpenStream(
      {},
      {.open_after = milliseconds(1), .heartbeat = ":\n\n", .heartbeat_interval = milliseconds(1)});
  EXPECT_EQ(client.ReceiveHead().status, 200);
  EXPECT_EQ(client.ReadUntil(":\n\n\r\n3\r\n:\n\n\r\n"), "3\r\n:\n\n\r\n3\r\n:\n\n\r\n");
  exchange->EndStream({}, "");
}

TEST_F(HttpServerTest, SlowsTheWriterDownAndCutsAClientOffThatReadsNothing) {
  Holder holder;
  Serve(holder.handler(), {.write_timeout = milliseconds(100)});
  TestClient client(port(), 4096);
  client.Request("GET", "/");
  auto exchange = holder.Take();
  exchange->OpenStream({}, {});
  const std::string block(1 << 20, 'x');
  int written = 0;
  while (exchange->Write(block) && written < 1000) ++written;
  EXPECT_LT(written, 100);
  EXPECT_TRUE(exchange->stop_token().stop_requested());
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  exchange->EndStream({}, "");
}

TEST_F(HttpServerTest, DrainsIdleConnectionsAtOnceAndOthersAfterTheirAnswer) {
  Holder holder;
  Serve(holder.handler());
  TestClient busy(port());
  busy.Request("GET", "/");
  auto exchange = holder.Take();
  TestClient idle(port());
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 2; }));
  std::thread drain([&] { server_->Drain(seconds(10)); });
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_FALSE(exchange->stop_token().stop_requested());
  exchange->Respond({.body = "done"});
  auto response = busy.Receive();
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.headers["connection"], "close");
  EXPECT_TRUE(busy.AtEnd());
  busy.HalfClose();
  drain.join();
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_FALSE(TestClient(port()).connected());
}

TEST_F(HttpServerTest, EndsStreamsWhenItDrains) {
  Holder holder;
  Serve(holder.handler());
  TestClient client(port());
  client.Request("GET", "/");
  auto exchange = holder.Take();
  exchange->OpenStream({}, {});
  exchange->Write("a");
  EXPECT_EQ(client.ReceiveHead().status, 200);
  std::thread drain([&] { server_->Drain(seconds(10)); });
  EXPECT_TRUE(Eventually([&] { return exchange->stop_token().stop_requested(); }));
  exchange->EndStream({}, "bye");
  EXPECT_THAT(client.ReadUntil("0\r\n\r\n"), HasSubstr("bye"));
  client.HalfClose();
  drain.join();
}

TEST_F(HttpServerTest, AbortsWhatOutlastsItsPatience) {
  Holder holder;
  Serve(holder.handler());
  TestClient client(port());
  client.Request("GET", "/");
  auto exchange = holder.Take();
  server_->Drain(milliseconds(1));
  EXPECT_TRUE(exchange->stop_token().stop_requested());
  EXPECT_TRUE(client.AtEnd());
  exchange->Respond({});
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
  Serve();
  const auto taken = HttpServer::Create({.port = static_cast<uint16_t>(port())}, Echo, clock_);
  EXPECT_EQ(taken.status().reason(), "HTTP_ADDRESS_UNUSABLE");
  EXPECT_EQ(HttpServer::Create({.address = "here"}, Echo, clock_).status().reason(),
            "HTTP_ADDRESS_INVALID");
  const auto tls = HttpServer::Create({.certificate_file = "/nowhere.pem"}, Echo, clock_);
  EXPECT_EQ(tls.status().reason(), "HTTP_CERTIFICATE_UNUSABLE");
  EXPECT_THAT(tls.status().message(), HasSubstr("/nowhere.pem"));
}

TEST(FormatHead, LetsNoValueStartAHeaderOfItsOwn) {
  HttpResponse response;
  response.SetHeader("X-A", "1\r\nX-B: 2");
  EXPECT_EQ(FormatHead(response), "HTTP/1.1 200 OK\r\nX-A: 1  X-B: 2\r\n\r\n");
}

}  // namespace
}  // namespace crm::gateway
