#include "services/gateway/transcoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crm/testing/v1/gateway_specimen_service.pb.h"

namespace crm::gateway {
namespace {

using crm::testing::v1::GatewaySpecimen;
using ::testing::HasSubstr;

const RouteTable& Table() {
  static const auto* table =
      new RouteTable(RouteTable::Build(LinkedServices("crm.testing.v1.")).value());
  return *table;
}

Result<TranscodedRequest> Read(const std::string& http_method, const std::string& path,
                               const std::string& query = "", const std::string& body = "") {
  const auto match = Table().Find(http_method, path);
  return ReadRequest(match.value(), {query, body});
}

struct Accepted {
  std::string http_method, path, query, body;
  std::string message;  // in text format
};

class ReadRequestAccepts : public ::testing::TestWithParam<Accepted> {};

TEST_P(ReadRequestAccepts, TheParts) {
  const auto& [http_method, path, query, body, message] = GetParam();
  const auto request = Read(http_method, path, query, body);
  ASSERT_TRUE(request) << request.status().ToString();
  EXPECT_EQ(request->message->ShortDebugString(), message) << query << " " << body;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReadRequestAccepts,
    ::testing::Values(
        Accepted{"GET", "/v1/specimens/1", "", "", R"(name: "specimens/1")"},
        Accepted{"GET", "/v1/specimens", "page_size=5&pageToken=x%3D", "",
                 R"(page_size: 5 page_token: "x=")"},
        Accepted{"GET", "/v1/specimens", "kinds=FROG&kinds=2", "", "kinds: FROG kinds: BEETLE"},
        Accepted{"GET", "/v1/specimens", "origin.country=IL&origin.near.country=JO", "",
                 R"(origin { country: "IL" near { country: "JO" } })"},
        Accepted{"GET", "/v1/specimens", "origin.villages=a&origin.villages=b", "",
                 R"(origin { villages: "a" villages: "b" })"},
        Accepted{"GET", "/v1/specimens", "filter=a+%3D+%22b%22", "", R"(filter: "a = \"b\"")"},
        Accepted{"GET", "/v1/specimens", "asOf=2024-01-01T00:00:00Z", "",
                 "as_of { seconds: 1704067200 }"},
        Accepted{"GET", "/v1/specimens", "read_mask=displayName,origin.country", "",
                 R"(read_mask { paths: "display_name" paths: "origin.country" })"},
        Accepted{"GET", "/v1/specimens", "legs=6&preserved=true&showDeleted=true", "",
                 "legs { value: 6 } preserved { value: true } show_deleted: true"},
        Accepted{"GET", "/v1/specimens", "weightMicrograms=-5&minLength=0.5&ratio=0.25", "",
                 "min_length: 0.5 ratio: 0.25 weight_micrograms: -5"},
        Accepted{"GET", "/v1/specimens", "photo=YQ==", "", R"(photo: "a")"},
        Accepted{"POST", "/v1/specimens", "validateOnly=true", R"({"rank":5})",
                 "specimen { rank: 5 } validate_only: true"},
        Accepted{"POST", "/v1/specimens", "", "", ""},
        Accepted{"PATCH", "/v1/specimens/1", "updateMask=rank", R"({"rank":5})",
                 R"(specimen { name: "specimens/1" rank: 5 } update_mask { paths: "rank" })"},
        Accepted{"PATCH", "/v1/specimens/1", "", R"({"name":"specimens/1","rank":5})",
                 R"(specimen { name: "specimens/1" rank: 5 })"},
        Accepted{"POST", "/v1/specimens/1:convert", "", R"({"reason":"won"})",
                 R"(name: "specimens/1" reason: "won")"},
        Accepted{"POST", "/v1/specimens/1:convert", "", "", R"(name: "specimens/1")"},
        Accepted{"PUT", "/v1/specimens/1/tags", "", R"(["a","b"])",
                 R"(name: "specimens/1" tags: "a" tags: "b")"},
        Accepted{"GET", "/v1/files/a%20b/c%2Fd", "", "", R"(path: "a b/c%2Fd")"}));

struct Refused {
  std::string http_method, path, query, body;
  std::string reason, message;
};

class ReadRequestRefuses : public ::testing::TestWithParam<Refused> {};

TEST_P(ReadRequestRefuses, SayingWhy) {
  const auto& [http_method, path, query, body, reason, message] = GetParam();
  const auto status = Read(http_method, path, query, body).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.reason(), reason) << query << " " << body;
  EXPECT_THAT(status.message(), HasSubstr(message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReadRequestRefuses,
    ::testing::Values(
        Refused{"GET", "/v1/specimens", "", "{}", "HTTP_UNEXPECTED_BODY", "takes no body"},
        Refused{"GET", "/v1/specimens", "nope=1", "", "INVALID_FIELD", "unknown query parameter"},
        Refused{"GET", "/v1/specimens", "pageSize=x", "", "INVALID_FIELD", "whole number"},
        Refused{"GET", "/v1/specimens", "pageSize=1&page_size=2", "", "INVALID_FIELD", "twice"},
        Refused{"GET", "/v1/specimens", "origin=IL", "", "INVALID_FIELD", "one by one"},
        Refused{"GET", "/v1/specimens", "labels=a", "", "INVALID_FIELD",
                "cannot be given in the URL"},
        Refused{"GET", "/v1/specimens", "labels.a=b", "", "INVALID_FIELD",
                "unknown query parameter"},
        Refused{"GET", "/v1/specimens", "origins.country=b", "", "INVALID_FIELD",
                "unknown query parameter"},
        Refused{"GET", "/v1/specimens", "person=a&expedition=b", "", "INVALID_FIELD",
                "send only one"},
        Refused{"GET", "/v1/specimens", "asOf=now", "", "INVALID_FIELD", "Timestamp"},
        Refused{"GET", "/v1/specimens", "showDeleted=1", "", "INVALID_FIELD", "true or false"},
        Refused{"GET", "/v1/specimens", "filter=%", "", "HTTP_MALFORMED_URL", "hexadecimal"},
        Refused{"GET", "/v1/specimens", "$alt=xml", "", "INVALID_FIELD", "system parameter"},
        Refused{"GET", "/v1/specimens", "ticket=x", "", "INVALID_FIELD", "unknown query parameter"},
        Refused{"GET", "/v1/specimens/1", "name=specimens/2", "", "INVALID_FIELD", "into the path"},
        Refused{"POST", "/v1/specimens", "specimen.rank=1", "{}", "INVALID_FIELD",
                "into the path or the body"},
        Refused{"POST", "/v1/specimens/1:convert", "reason=x", "{}", "INVALID_FIELD",
                "in the body"},
        Refused{"PATCH", "/v1/specimens/1", "", R"({"name":"specimens/2"})", "INVALID_FIELD",
                "otherwise than the path"},
        Refused{"POST", "/v1/specimens", "", "{", "INVALID_JSON", "line 1, column 2"}));

TEST(ReadRequest, ReadsSystemParameters) {
  EXPECT_TRUE(Read("GET", "/v1/specimens", "$prettyPrint=true")->system.pretty_print);
  EXPECT_FALSE(Read("GET", "/v1/specimens", "prettyPrint=false")->system.pretty_print);
  EXPECT_EQ(Read("GET", "/v1/specimens:stream", "ticket=abc&filter=x")->system.ticket, "abc");
}

std::string Write(const std::string& http_method, const std::string& path,
                  const GatewaySpecimen& specimen, bool pretty = false) {
  const auto match = Table().Find(http_method, path);
  return PrintResponse(*match.value().route, specimen, pretty).value();
}

TEST(PrintResponse, FollowsTheJsonMapping) {
  GatewaySpecimen specimen;
  specimen.set_display_name("שלום \"a\"");
  specimen.set_weight_micrograms(5);
  specimen.set_kind(GatewaySpecimen::FROG);
  specimen.mutable_create_time()->set_seconds(1704067200);
  EXPECT_EQ(Write("GET", "/v1/specimens/1", specimen),
            R"({"displayName":"שלום \"a\"","weightMicrograms":"5","kind":"FROG",)"
            R"("createTime":"2024-01-01T00:00:00Z"})");
  EXPECT_EQ(Write("GET", "/v1/specimens/1", {}), "{}");
}

TEST(PrintResponse, PrintsOneFieldWhereTheRuleSaysSo) {
  GatewaySpecimen specimen;
  specimen.set_display_name("x");
  EXPECT_EQ(Write("PUT", "/v1/specimens/1/tags", specimen), "[]");
  EXPECT_EQ(Write("GET", "/v1/specimens/1/rank", specimen), "0");
  specimen.add_tags("a");
  specimen.add_tags("}\"");
  specimen.set_rank(-3);
  EXPECT_EQ(Write("PUT", "/v1/specimens/1/tags", specimen), R"(["a","}\""])");
  EXPECT_EQ(Write("GET", "/v1/specimens/1/rank", specimen), "-3");
}

TEST(PrintResponse, IndentsWhereAsked) {
  GatewaySpecimen specimen;
  specimen.set_rank(1);
  EXPECT_EQ(Write("GET", "/v1/specimens/1", specimen, true), "{\n \"rank\": 1\n}\n");
}

TEST(ParseResponse, RefusesBytesThatAreNoMessage) {
  const auto match = Table().Find("GET", "/v1/specimens/1");
  EXPECT_EQ(ParseResponse(*match->route, "\xff\xff").status().code(), Code::kInternal);
}

}  // namespace
}  // namespace crm::gateway
