// The gateway over real sockets, before a backend that is reached through a real RpcServer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "crm/testing/v1/gateway_specimen_service.pb.h"
#include "libs/base/executor.h"
#include "libs/rpc/channels.h"
#include "libs/rpc/server.h"
#include "libs/testing/clock.h"
#include "libs/testing/eventually.h"
#include "services/gateway/gateway.h"
#include "services/gateway/test_client.h"

namespace crm::gateway {
namespace {

using namespace crm::testing::v1;  // NOLINT: the specimen's messages
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr char kPackage[] = "crm.testing.v1";
using CallPtr = std::shared_ptr<rpc::ServerCall>;

// A server of GatewaySpecimenService whose methods a test supplies. Remembers the last call.
class Backend {
 public:
  using Method = std::function<void(const CallPtr&)>;

  explicit Backend(std::map<std::string, Method> methods) : methods_(std::move(methods)) {
    const auto* service = GetSpecimenRequest::descriptor()->file()->service(0);
    rpc::ServiceBinding binding{service, {}};
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string name = service->method(i)->name();
      binding.methods[name] = [this, name](CallPtr call) {
        pool_.Post([this, name, call] { Run(name, call); });
      };
    }
    server_ = rpc::RpcServer::Create({}, {binding}).value();
    server_->Start();
    server_->SetHealth("", true);
  }
  ~Backend() {
    server_->Drain(milliseconds(0));
    pool_.Stop();
  }

  rpc::RpcServer& server() { return *server_; }
  template <class Request>
  Request last() {
    std::lock_guard lock(mutex_);
    Request request;
    EXPECT_TRUE(request.ParseFromString(last_->request()));
    return request;
  }
  // One value of the last call's metadata; "" where there is none.
  std::string metadata(const std::string& key) {
    std::lock_guard lock(mutex_);
    const auto found = last_->metadata().find(key);
    return found == last_->metadata().end() ? "" : found->second;
  }
  CallPtr last_call() {
    std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  void Run(const std::string& name, const CallPtr& call) {
    {
      std::lock_guard lock(mutex_);
      last_ = call;
    }
    const auto method = methods_.find(name);
    if (method != methods_.end()) return method->second(call);
    GatewaySpecimen specimen;
    specimen.set_name("specimens/1");
    specimen.set_etag("v3");
    call->Finish(specimen.SerializeAsString());
  }

  const std::map<std::string, Method> methods_;
  ThreadPool pool_{8, 100};
  std::mutex mutex_;
  CallPtr last_;  // GUARDED_BY(mutex_)
  std::unique_ptr<rpc::RpcServer> server_;
};

class GatewayTest : public ::testing::Test {
 protected:
  void Serve(std::map<std::string, Backend::Method> methods = {}, GatewayOptions options = {}) {
    backend_ = std::make_unique<Backend>(std::move(methods));
    channels_.Route(kPackage, backend_->server().address());
    gateway_ = Gateway::Create(std::move(options),
                               {channels_, metrics_, tracer_, clock_, *ids_, log::Logger::Silent()})
                   .value();
    gateway_->Start();
    client_ = std::make_unique<TestClient>(gateway_->port());
  }
  TestClient& client() { return *client_; }
  TestResponse Call(const std::string& method, const std::string& target,
                    const std::string& body = "", const std::string& headers = "") {
    return client_->Call(method, target, body, headers);
  }

  ManualClock clock_{test::kMonday};
  std::unique_ptr<IdGenerator> ids_ = MakeSeededIds(clock_, 1);
  metrics::Registry metrics_;
  trace::Tracer tracer_{*ids_, clock_};
  rpc::RoutedChannels channels_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(GatewayTest, TurnsJsonIntoACallAndItsAnswerIntoJson) {
  Serve();
  auto response =
      Call("POST", "/v1/specimens?validateOnly=true", R"({"displayName":"צפרדע","rank":5})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"name\":\"specimens/1\",\"etag\":\"v3\"}\n");
  EXPECT_EQ(response.headers["content-type"], "application/json; charset=utf-8");
  EXPECT_EQ(response.headers["etag"], "\"v3\"");
  EXPECT_EQ(backend_->last<CreateSpecimenRequest>().ShortDebugString(),
            CreateSpecimenRequest([] {
              CreateSpecimenRequest request;
              request.mutable_specimen()->set_display_name("צפרדע");
              request.mutable_specimen()->set_rank(5);
              request.set_validate_only(true);
              return request;
            }())
                .ShortDebugString());
}

TEST_F(GatewayTest, ForwardsWhoAsksAndInWhichTrace) {
  Serve();
  auto response = Call("GET", "/v1/specimens/1", "",
                       "Authorization: Bearer abc\r\nX-API-Key: key\r\nX-Request-Id: r-1\r\n"
                       "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  EXPECT_EQ(backend_->metadata("authorization"), "Bearer abc");
  EXPECT_EQ(backend_->metadata("x-api-key"), "key");
  EXPECT_EQ(backend_->metadata("x-request-id"), "r-1");
  EXPECT_EQ(backend_->metadata("x-forwarded-for"), "127.0.0.1");
  const std::string expected = "00-4bf92f3577b34da6a3ce929d0e0e4736-................-01";
  EXPECT_THAT(backend_->metadata("traceparent"), MatchesRegex(expected));
  EXPECT_THAT(backend_->metadata("traceparent"), Not(HasSubstr("00f067aa0ba902b7")));
  EXPECT_EQ(response.headers["traceparent"], backend_->metadata("traceparent"));
  EXPECT_EQ(response.headers["x-request-id"], "r-1");
  EXPECT_THAT(Call("GET", "/v1/specimens/1").headers["x-request-id"],
              MatchesRegex("[0-9a-f-]{36}"));
}

TEST_F(GatewayTest, MapsHeadersToFields) {
  Serve();
  EXPECT_EQ(Call("POST", "/v1/specimens", "{}", "Idempotency-Key: \"k1\"\r\n").status, 200);
  EXPECT_EQ(backend_->last<CreateSpecimenRequest>().request_id(), "k1");
  EXPECT_EQ(Call("PATCH", "/v1/specimens/1", "{}", "If-Match: \"v3\"\r\n").status, 200);
  EXPECT_EQ(backend_->last<UpdateSpecimenRequest>().specimen().etag(), "v3");
  EXPECT_EQ(Call("DELETE", "/v1/specimens/1", "", "If-Match: \"v3\"\r\n").status, 200);
  EXPECT_EQ(backend_->last<DeleteSpecimenRequest>().etag(), "v3");
  const auto conflict = Call("POST", "/v1/specimens?requestId=k2", "{}", "Idempotency-Key: k1\r\n");
  EXPECT_EQ(conflict.status, 400);
  EXPECT_THAT(conflict.body, HasSubstr("\"field\":\"request_id\""));
}

TEST_F(GatewayTest, GivesEveryCallADeadline) {
  Serve();
  const auto deadline = [&] {
    return *backend_->last_call()->deadline() - std::chrono::steady_clock::now();
  };
  Call("GET", "/v1/specimens/1");
  EXPECT_GT(deadline(), seconds(20));
  EXPECT_LT(deadline(), seconds(31));
  Call("GET", "/v1/specimens/1", "", "X-Request-Timeout: 100.5\r\n");
  EXPECT_GT(deadline(), seconds(90));
  Call("GET", "/v1/specimens/1", "", "X-Request-Timeout: 100000\r\n");
  EXPECT_LT(deadline(), seconds(301));
  EXPECT_EQ(Call("GET", "/v1/specimens/1", "", "X-Request-Timeout: soon\r\n").status, 400);
}

TEST_F(GatewayTest, AnswersAfterTheDeadlineItself) {
  Serve({{"GetSpecimen", [](const CallPtr&) {}}});
  const auto response = Call("GET", "/v1/specimens/1", "", "X-Request-Timeout: 0.05\r\n");
  EXPECT_EQ(response.status, 504);
  EXPECT_THAT(response.body, HasSubstr("\"status\":\"DEADLINE_EXCEEDED\""));
}

TEST_F(GatewayTest, ShowsAnErrorWithAllItsDetails) {
  Serve({{"ConvertSpecimen", [](const CallPtr& call) {
            call->Finish(FailedPrecondition("ALREADY_CONVERTED", "Convert it only once.")
                             .With("specimen", "specimens/1")
                             .Violates("name", "is taken"));
          }}});
  const auto response = Call("POST", "/v1/specimens/1:convert", "{}");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(
      response.body,
      R"({"error":{"code":400,"status":"FAILED_PRECONDITION","message":"Convert it only once.",)"
      R"("details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",)"
      R"("reason":"ALREADY_CONVERTED","domain":"crm","metadata":{"specimen":"specimens/1"}},)"
      R"({"@type":"type.googleapis.com/google.rpc.BadRequest",)"
      R"("fieldViolations":[{"field":"name","description":"is taken"}]}]}})"
      "\n");
}

TEST_F(GatewayTest, TellsWhenToTryAgain) {
  Serve({{"GetSpecimen", [](const CallPtr& call) {
            call->Finish(Unavailable("SHOP_CLOSED", "Come back.").RetryAfter(milliseconds(1200)));
          }}});
  auto response = Call("GET", "/v1/specimens/1");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers["retry-after"], "2");
}

TEST_F(GatewayTest, SaysWhatIsWrongWithARequest) {
  Serve();
  const auto check = [&](const TestResponse& response, int status, const std::string& text) {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_THAT(response.body, HasSubstr(text));
  };
  check(Call("GET", "/nowhere"), 404, "HTTP_ROUTE_NOT_FOUND");
  auto not_allowed = Call("PUT", "/v1/specimens", "{}");
  check(not_allowed, 405, "HTTP_METHOD_NOT_ALLOWED");
  EXPECT_EQ(not_allowed.headers["allow"], "GET, HEAD, POST");
  check(Call("POST", "/v1/specimens", "{"), 400, "INVALID_JSON");
  check(Call("POST", "/v1/specimens", R"({"nope":1})"), 400, "\"field\":\"specimen.nope\"");
  check(Call("POST", "/v1/specimens", "a=b", "Content-Type: application/x-www-form-urlencoded\r\n"),
        415, "HTTP_UNSUPPORTED_MEDIA_TYPE");
  check(Call("GET", "/v1/specimens?page_size=x"), 400, "\"field\":\"page_size\"");
  check(Call("GET", "/v1/specimens/%ff"), 400, "HTTP_MALFORMED_URL");
  check(Call("PATCH", "/v1/specimens/1", "{}", "If-Match: W/\"v3\"\r\n"), 400, "INVALID_HEADER");
  const std::string huge = "{\"displayName\":\"" + std::string(5 << 20, 'x') + "\"}";
  check(Call("POST", "/v1/specimens", huge), 413, "HTTP_BODY_TOO_LARGE");
}

TEST_F(GatewayTest, SaysThatABackendCannotBeReached) {
  Serve();
  backend_->server().Drain(milliseconds(0));
  auto response = Call("GET", "/v1/specimens/1", "", "X-Request-Timeout: 5\r\n");
  EXPECT_EQ(response.status, 503);
}

// Keeps the calls it gets until the test answers them.
class HeldCalls {
 public:
  Backend::Method method() {
    return [this](const CallPtr& call) {
      std::lock_guard lock(mutex_);
      calls_.push_back(call);
    };
  }
  // Waits until there are so many, then answers the last.
  void Answer(size_t count) {
    ASSERT_TRUE(Eventually([&] {
      std::lock_guard lock(mutex_);
      return calls_.size() == count;
    }));
    std::lock_guard lock(mutex_);
    calls_.back()->Finish(GatewaySpecimen().SerializeAsString());
  }
  size_t size() {
    std::lock_guard lock(mutex_);
    return calls_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<CallPtr> calls_;  // GUARDED_BY(mutex_)
};

TEST_F(GatewayTest, RefusesWhatDoesNotFitItsQueue) {
  HeldCalls held;
  Serve({{"GetSpecimen", held.method()}}, {.requests = {.call_threads = 1, .call_queue = 1}});
  client().Request("GET", "/v1/specimens/1");
  ASSERT_TRUE(Eventually([&] { return held.size() == 1; }));
  // One of these waits in the queue, the other is refused.
  std::atomic<int> answered = 0, refused = 0;
  const auto call = [&] {
    TestClient other(gateway_->port());
    auto response = other.Call("GET", "/v1/specimens/2");
    if (response.status == 200) ++answered;
    if (response.status == 429 && response.headers["retry-after"] == "1") ++refused;
  };
  std::thread second(call), third(call);
  EXPECT_TRUE(Eventually([&] { return refused == 1; }));
  held.Answer(1);
  EXPECT_EQ(client().Receive().status, 200);
  held.Answer(2);
  second.join();
  third.join();
  EXPECT_EQ(answered, 1);
  EXPECT_EQ(refused, 1);
}

TEST_F(GatewayTest, CancelsTheCallOfAClientThatHasGone) {
  Serve({{"GetSpecimen", [](const CallPtr&) {}}});
  client().Request("GET", "/v1/specimens/1");
  ASSERT_TRUE(Eventually([&] { return backend_->last_call() != nullptr; }));
  client_.reset();
  EXPECT_TRUE(Eventually([&] { return backend_->last_call()->stop_token().stop_requested(); }));
}

TEST_F(GatewayTest, LetsConfiguredOriginsIn) {
  Serve({}, {.cors = {.allowed_origins = {"https://app.example.com"}}});
  auto preflight =
      Call("OPTIONS", "/v1/specimens/1", "",
           "Origin: https://app.example.com\r\nAccess-Control-Request-Method: PATCH\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers["access-control-allow-origin"], "https://app.example.com");
  EXPECT_EQ(preflight.headers["access-control-allow-methods"], "DELETE, GET, HEAD, PATCH");
  EXPECT_THAT(preflight.headers["access-control-allow-headers"], HasSubstr("Idempotency-Key"));
  auto answer = Call("GET", "/v1/specimens/1", "", "Origin: https://app.example.com\r\n");
  EXPECT_EQ(answer.headers["access-control-allow-origin"], "https://app.example.com");
  EXPECT_THAT(answer.headers["access-control-expose-headers"], HasSubstr("ETag"));
  EXPECT_EQ(answer.headers["vary"], "Origin");
  auto error = Call("GET", "/nowhere", "", "Origin: https://app.example.com\r\n");
  EXPECT_EQ(error.headers["access-control-allow-origin"], "https://app.example.com");
  auto other = Call("GET", "/v1/specimens/1", "", "Origin: https://evil.example.com\r\n");
  EXPECT_EQ(other.headers.count("access-control-allow-origin"), 0u);
  auto refused = Call("OPTIONS", "/v1/specimens/1", "",
                      "Origin: https://evil.example.com\r\nAccess-Control-Request-Method: GET\r\n");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Call("OPTIONS", "/v1/specimens").headers["allow"], "GET, HEAD, POST, OPTIONS");
}

TEST_F(GatewayTest, TellsItsHealthAndThatOfTheBackends) {
  Serve();
  EXPECT_EQ(Call("GET", "/healthz").body, "{\"status\":\"ok\"}\n");
  auto ready = Call("GET", "/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(
      ready.body,
      "{\"status\":\"ok\",\"services\":{\"crm.testing.v1.GatewaySpecimenService\":\"SERVING\"}}\n");
  backend_->server().SetHealth("", false);
  EXPECT_EQ(Call("GET", "/readyz").status, 503);
  backend_->server().SetHealth("", true);
  gateway_->AnnounceDrain();
  EXPECT_THAT(Call("GET", "/readyz").body, HasSubstr("draining"));
  EXPECT_EQ(Call("GET", "/v1/specimens/1").status, 200);
}

TEST_F(GatewayTest, CountsRequestsByRouteAndNotByRecord) {
  Serve();
  Call("GET", "/v1/specimens/1");
  Call("GET", "/v1/specimens/2");
  Call("GET", "/secret");
  TestClient stranger(gateway_->port());
  stranger.Send("nonsense\r\n\r\n");
  EXPECT_EQ(stranger.Receive().status, 400);
  const std::string metrics = metrics_.Expose();
  EXPECT_THAT(metrics, HasSubstr("crm_gateway_request_seconds_count{method=\"GET\",route=\"/v1/"
                                 "{name=specimens/*}\",status=\"200\"} 2"));
  EXPECT_THAT(metrics, HasSubstr("route=\"unmatched\",status=\"404\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("crm_gateway_refusals_total{reason=\"HTTP_MALFORMED\"} 1"));
  EXPECT_THAT(metrics, Not(HasSubstr("secret")));
}

// Streams.

void Send(const CallPtr& call, const std::string& cursor) {
  SpecimenEnvelope envelope;
  envelope.set_cursor(cursor);
  envelope.set_id("id-" + cursor);
  call->Write(envelope.SerializeAsString());
}

TEST_F(GatewayTest, StreamsLinesOfJson) {
  Serve({{"StreamSpecimens", [](const CallPtr& call) {
            Send(call, "1");
            Send(call, "2");
            call->Finish(std::string());
          }}});
  auto response = Call("GET", "/v1/specimens:stream?filter=x");
  EXPECT_EQ(response.headers["content-type"], "application/x-ndjson; charset=utf-8");
  EXPECT_EQ(response.body,
            "{\"cursor\":\"1\",\"id\":\"id-1\"}\n{\"cursor\":\"2\",\"id\":\"id-2\"}\n");
  EXPECT_EQ(backend_->last<StreamSpecimensRequest>().filter(), "x");
  EXPECT_FALSE(backend_->last_call()->deadline().has_value());
}

TEST_F(GatewayTest, StreamsEventsThatABrowserCanResume) {
  Serve({{"StreamSpecimens", [](const CallPtr& call) {
            Send(call, "7");
            Send(call, "8");
            call->Finish(Status(Code::kDataLoss, "LOG_TORN", "Tell the operator."));
          }}});
  auto response = Call("GET", "/v1/specimens:stream?ticket=tick&cursor=3", "",
                       "Accept: text/event-stream\r\nLast-Event-ID: 6\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers["content-type"], "text/event-stream; charset=utf-8");
  EXPECT_THAT(response.body,
              ::testing::StartsWith(
                  "retry: 2000\n\nid: 7\ndata: {\"cursor\":\"7\",\"id\":\"id-7\"}\n\n"
                  "id: 8\ndata: {\"cursor\":\"8\",\"id\":\"id-8\"}\n\n"
                  "event: failure\ndata: {\"error\":{\"code\":500,\"status\":\"DATA_LOSS\","));
  EXPECT_EQ(backend_->last<StreamSpecimensRequest>().cursor(), "6");
  EXPECT_EQ(backend_->metadata("authorization"), "Bearer tick");
}

TEST_F(GatewayTest, RefusesAStreamWithTheStatusOfHttp) {
  Serve({{"StreamSpecimens",
          [](const CallPtr& call) {
            call->Finish(Status(Code::kUnauthenticated, "TICKET_EXPIRED", "Get a new ticket."));
          }}},
        {.requests = {.stream_opens_after = seconds(60)}});
  auto response = Call("GET", "/v1/specimens:stream", "", "Accept: text/event-stream\r\n");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.headers["www-authenticate"], "Bearer");
  EXPECT_THAT(response.body, HasSubstr("TICKET_EXPIRED"));
  EXPECT_EQ(Call("HEAD", "/v1/specimens:stream").status, 405);
}

TEST_F(GatewayTest, OpensASilentStreamAndKeepsItAlive) {
  Serve(
      {{"StreamSpecimens", [](const CallPtr&) {}}},
      {.requests = {.stream_opens_after = milliseconds(1), .heartbeat_interval = milliseconds(1)}});
  client().Request("GET", "/v1/specimens:stream", "", "Accept: text/event-stream\r\n");
  EXPECT_EQ(client().ReceiveHead().status, 200);
  EXPECT_THAT(client().ReadUntil(":\n\n"), HasSubstr(":\n\n"));
  ASSERT_TRUE(Eventually([&] { return backend_->last_call() != nullptr; }));
  client_.reset();
  EXPECT_TRUE(Eventually([&] { return backend_->last_call()->stop_token().stop_requested(); }));
}

TEST_F(GatewayTest, BoundsTheNumberOfStreams) {
  Serve({{"StreamSpecimens", [](const CallPtr& call) { Send(call, "1"); }}},
        {.requests = {.max_streams = 1}});
  TestClient stream(gateway_->port());
  stream.Request("GET", "/v1/specimens:stream");
  EXPECT_EQ(stream.ReceiveHead().status, 200);
  auto refused = Call("GET", "/v1/specimens:stream");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers["retry-after"], "1");
  EXPECT_EQ(Call("GET", "/v1/specimens/1").status, 200) << "calls have threads of their own";
}

TEST_F(GatewayTest, EndsStreamsWhenItDrainsAndSaysSo) {
  Serve({{"StreamSpecimens", [](const CallPtr& call) { Send(call, "1"); }}});
  client().Request("GET", "/v1/specimens:stream");
  EXPECT_EQ(client().ReceiveHead().status, 200);
  client().ReadUntil("id-1");
  std::thread drain([&] { gateway_->Drain(seconds(10)); });
  EXPECT_THAT(client().ReadUntil("0\r\n\r\n"), HasSubstr("GATEWAY_STREAM_ENDED"));
  client().HalfClose();
  drain.join();
}

}  // namespace
}  // namespace crm::gateway
