#include "services/gateway/call_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crm/testing/v1/gateway_specimen_service.pb.h"
#include "libs/testing/clock.h"
#include "services/gateway/client_address.h"

namespace crm::gateway {
namespace {

using crm::testing::v1::CreateSpecimenRequest;
using crm::testing::v1::StreamSpecimensRequest;
using crm::testing::v1::UpdateSpecimenRequest;
using std::chrono::milliseconds;

HttpRequest With(const std::string& name, const std::string& value, const std::string& body = "") {
  HttpRequest http;
  http.headers = {{name, value}};
  http.body = body;
  http.peer = "10.0.0.1";
  return http;
}

const Route& RouteOf(const std::string& http_method, const std::string& path) {
  static const auto* table =
      new RouteTable(RouteTable::Build(LinkedServices("crm.testing.v1.")).value());
  return *table->Find(http_method, path).value().route;
}

TEST(CheckContentType, TakesJsonOnly) {
  EXPECT_TRUE(CheckContentType(With("X", "y")).ok()) << "no body, no type";
  for (const char* good :
       {"application/json", "Application/JSON; charset=UTF-8", "application/json ;v=1"}) {
    EXPECT_TRUE(CheckContentType(With("content-type", good, "{}")).ok()) << good;
  }
  for (const char* bad :
       {"", "text/plain", "application/jsonx", "application/json; charset=latin1"}) {
    EXPECT_EQ(CheckContentType(With("Content-Type", bad, "{}")).reason(),
              "HTTP_UNSUPPORTED_MEDIA_TYPE")
        << bad;
  }
}

TEST(ApplyHeaders, FillsTheRequestId) {
  const Route& route = RouteOf("POST", "/v1/specimens");
  CreateSpecimenRequest request;
  EXPECT_TRUE(ApplyHeaders(With("idempotency-key", " \"a b\" "), route, request).ok());
  EXPECT_EQ(request.request_id(), "a b");
  EXPECT_TRUE(ApplyHeaders(With("Idempotency-Key", "a b"), route, request).ok())
      << "the same again";
  EXPECT_EQ(ApplyHeaders(With("Idempotency-Key", "c"), route, request).reason(), "INVALID_FIELD");
  EXPECT_EQ(ApplyHeaders(With("Idempotency-Key", "\"\""), route, request).reason(),
            "INVALID_HEADER");
}

TEST(ApplyHeaders, FillsTheEtagOfTheBody) {
  const Route& route = RouteOf("PATCH", "/v1/specimens/1");
  UpdateSpecimenRequest request;
  EXPECT_TRUE(ApplyHeaders(With("If-Match", "*"), route, request).ok());
  EXPECT_EQ(request.specimen().etag(), "");
  EXPECT_TRUE(ApplyHeaders(With("If-Match", "\"v3\""), route, request).ok());
  EXPECT_EQ(request.specimen().etag(), "v3");
  for (const char* bad : {"v3", "W/\"v3\"", "\"a\", \"b\"", "\"\"", "\""}) {
    UpdateSpecimenRequest fresh;
    EXPECT_EQ(ApplyHeaders(With("If-Match", bad), route, fresh).reason(), "INVALID_HEADER") << bad;
  }
}

TEST(ApplyHeaders, PrefersTheLastEventToTheCursorOfTheAddress) {
  const Route& route = RouteOf("GET", "/v1/specimens:stream");
  StreamSpecimensRequest request;
  request.set_cursor("3");
  EXPECT_TRUE(ApplyHeaders(With("Last-Event-ID", "5"), route, request).ok());
  EXPECT_EQ(request.cursor(), "5");
}

TEST(TimeoutOf, TakesSecondsWithinBounds) {
  const auto timeout = [](const std::string& value) {
    return TimeoutOf(With("X-Request-Timeout", value), milliseconds(30000), milliseconds(60000));
  };
  EXPECT_EQ(TimeoutOf(With("X", ""), milliseconds(30000), milliseconds(60000)).value(),
            milliseconds(30000));
  EXPECT_EQ(timeout("2.5").value(), milliseconds(2500));
  EXPECT_EQ(timeout("1e9").value(), milliseconds(60000));
  EXPECT_EQ(timeout("0.0001").value(), milliseconds(1));
  for (const char* bad : {"", "0", "-1", "nan", "inf", "5s", "soon"}) {
    EXPECT_EQ(timeout(bad).status().reason(), "INVALID_HEADER") << bad;
  }
}

TEST(CredentialsOf, LetsATicketStandForAToken) {
  EXPECT_EQ(CredentialsOf(With("authorization", "Bearer a"), "").find("authorization")->second,
            "Bearer a");
  EXPECT_EQ(CredentialsOf(With("X", ""), "t").find("authorization")->second, "Bearer t");
  EXPECT_EQ(CredentialsOf(With("authorization", "Bearer a"), "t").find("authorization")->second,
            "Bearer a");
  EXPECT_TRUE(CredentialsOf(With("X", ""), "").empty());
}

TEST(RequestIdOf, KeepsWhatIsUsable) {
  const ManualClock clock(test::kMonday);
  const auto ids = MakeSeededIds(clock, 1);
  EXPECT_EQ(RequestIdOf(With("X-Request-Id", "a-B_1.~"), *ids), "a-B_1.~");
  for (const std::string& bad : {std::string(), std::string("a b"), std::string(101, 'a')}) {
    EXPECT_EQ(RequestIdOf(With("X-Request-Id", bad), *ids).size(), 36u) << bad;
  }
}

TEST(ClientAddress, BelievesTrustedProxiesOnly) {
  const auto clients = ClientAddress::Create({"10.0.0.0/8", "fd00::/8", "192.0.2.1"}).value();
  const auto of = [&](const std::string& peer, const std::string& chain) {
    HttpRequest http = With("X-Forwarded-For", chain);
    http.peer = peer;
    return clients.Of(http);
  };
  EXPECT_EQ(of("203.0.113.7", "1.1.1.1"), "203.0.113.7");
  EXPECT_EQ(of("10.1.2.3", "1.1.1.1"), "1.1.1.1");
  EXPECT_EQ(of("fd00::1", "2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(of("192.0.2.1", "6.6.6.6, 203.0.113.7 , 10.0.0.2"), "203.0.113.7")
      << "what the client itself wrote is not believed";
  EXPECT_EQ(of("192.0.2.2", "1.1.1.1"), "192.0.2.2");
  EXPECT_EQ(of("10.0.0.1", "nonsense"), "10.0.0.1");
  EXPECT_EQ(of("11.0.0.1", "1.1.1.1"), "11.0.0.1");
  EXPECT_EQ(of("10.0.0.1", ""), "10.0.0.1");
}

TEST(ClientAddress, NamesTheBlockThatIsNone) {
  for (const char* bad : {"10.0.0.0/33", "10.0.0/8", "::/129", "x", "10.0.0.0/", "10.0.0.0/-1"}) {
    EXPECT_EQ(ClientAddress::Create({bad}).status().reason(), "PROXY_BLOCK_INVALID") << bad;
  }
  EXPECT_TRUE(ClientAddress::Create({"0.0.0.0/0", "::/0", "10.0.0.0/9"}).ok());
}

}  // namespace
}  // namespace crm::gateway
