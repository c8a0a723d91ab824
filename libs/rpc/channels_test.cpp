#include "libs/rpc/channels.h"

#include <gtest/gtest.h>

#include "libs/rpc/echo_server.h"

namespace crm::rpc {
namespace {

Handler Say(const std::string& text) {
  return [text](const std::shared_ptr<ServerCall>& call) { call->Finish(text); };
}

std::string Answer(RoutedChannels& channels, const std::string& service) {
  auto client = channels.ForService(service);
  if (!client) return client.status().reason();
  auto answer = (*client)->CallBytes(kEcho, "", {});
  return answer ? *answer : answer.status().reason();
}

TEST(RoutedChannels, TakesTheLongestRouteThatCoversTheService) {
  EchoServer package(Say("package"));
  EchoServer service(Say("service"));
  EchoServer rest(Say("rest"));
  RoutedChannels channels({{"crm.leads.v1", package.server().address()},
                           {"crm.leads.v1.FormService", service.server().address()}});
  EXPECT_EQ(Answer(channels, "crm.leads.v1.LeadService"), "package");
  EXPECT_EQ(Answer(channels, "crm.leads.v1.FormService"), "service");
  EXPECT_EQ(Answer(channels, "crm.leads.v10.LeadService"), "RPC_NO_ROUTE");
  EXPECT_EQ(channels.ForService("crm.deals.v1.DealService").status().code(), Code::kUnavailable);
  channels.Route("", rest.server().address());
  EXPECT_EQ(Answer(channels, "crm.deals.v1.DealService"), "rest");
  EXPECT_EQ(Answer(channels, "crm.leads.v1.LeadService"), "package");
}

TEST(RoutedChannels, KeepsOneClientPerAddress) {
  RoutedChannels channels({{"a.v1", "127.0.0.1:1"}, {"b.v1", "127.0.0.1:1"}});
  EXPECT_EQ(channels.ForService("a.v1.A").value(), channels.ForService("b.v1.B").value());
}

TEST(RpcClient, SaysThatNobodyListens) {
  std::string address;
  { address = EchoServer().server().address(); }
  Status status = RpcClient::Create(address)->CallBytes(kEcho, "", {}).status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.reason(), "RPC_UNREACHABLE");
  EXPECT_TRUE(status.retry_after());
}

TEST(RpcClient, RefusesMetadataThatCannotBeSent) {
  EchoServer echo;
  for (const Metadata& illegal : {Metadata{{"with space", "a"}}, Metadata{{"key", "new\nline"}},
                                  Metadata{{"grpc-timeout", "1S"}}, Metadata{{"", "a"}}}) {
    ClientCallOptions options;
    options.metadata = illegal;
    EXPECT_EQ(echo.client().CallBytes(kEcho, "", options).status().reason(),
              "RPC_METADATA_ILLEGAL");
  }
  ClientCallOptions binary;
  binary.metadata = {{"trace-bin", std::string("\0\n\xff", 3)}};
  EXPECT_TRUE(echo.client().CallBytes(kEcho, "", binary).ok());
}

TEST(RpcClient, DoesNotStartACallWhoseTimeHasPassedOrWhoseStopWasAsked) {
  EchoServer echo;
  ClientCallOptions late;
  late.timeout = std::chrono::milliseconds(-1);
  EXPECT_EQ(echo.client().CallBytes(kEcho, "", late).status().reason(), "RPC_DEADLINE_EXCEEDED");
  std::stop_source stop;
  stop.request_stop();
  ClientCallOptions stopped;
  stopped.stop = stop.get_token();
  EXPECT_EQ(echo.client().CallBytes(kEcho, "", stopped).status().reason(), "RPC_CANCELLED");
}

}  // namespace
}  // namespace crm::rpc
