#include "services/gateway/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "crm/testing/v1/gateway_specimen_service.pb.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"

namespace crm::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RouteTable Specimens() {
  return RouteTable::Build(LinkedServices("crm.testing.v1.")).value();
}

struct Case {
  std::string http_method;
  std::string path;
  std::string rpc;  // empty: the reason below
  std::vector<std::string> values;
  std::string reason;
};

class RouteTableFind : public ::testing::TestWithParam<Case> {};

TEST_P(RouteTableFind, ChoosesTheMostSpecificBinding) {
  const auto& expected = GetParam();
  const RouteTable table = Specimens();
  const auto found = table.Find(expected.http_method, expected.path);
  if (expected.rpc.empty()) {
    ASSERT_FALSE(found) << found->route->RpcName();
    EXPECT_EQ(found.status().reason(), expected.reason);
    return;
  }
  ASSERT_TRUE(found) << found.status().ToString();
  EXPECT_EQ(found->route->method->name(), expected.rpc);
  EXPECT_EQ(found->values, expected.values);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RouteTableFind,
    ::testing::Values(
        Case{"GET", "/v1/specimens/1", "GetSpecimen", {"specimens/1"}, ""},
        Case{"HEAD", "/v1/specimens/1", "GetSpecimen", {"specimens/1"}, ""},
        Case{"GET", "/v1/shelves/a/specimens/1", "GetSpecimen", {"shelves/a/specimens/1"}, ""},
        Case{"GET", "/v1/specimens", "ListSpecimens", {}, ""},
        Case{"POST", "/v1/specimens", "CreateSpecimen", {}, ""},
        Case{"PATCH", "/v1/specimens/1", "UpdateSpecimen", {"specimens/1"}, ""},
        Case{"DELETE", "/v1/specimens/1", "DeleteSpecimen", {"specimens/1"}, ""},
        Case{"POST", "/v1/specimens/1:convert", "ConvertSpecimen", {"specimens/1"}, ""},
        Case{"PUT", "/v1/specimens/1/tags", "SetTags", {"specimens/1"}, ""},
        Case{"GET", "/v1/specimens:stream", "StreamSpecimens", {}, ""},
        Case{"GET", "/v1/files/a/b", "GetFile", {"a/b"}, ""},
        Case{"GET", "/v1/files", "GetFile", {""}, ""},
        Case{"PURGE", "/v1/files/a", "PurgeFiles", {"a"}, ""},
        // A colon that starts no known verb belongs to the id; an encoded one always does.
        Case{"GET", "/v1/specimens/a:b", "GetSpecimen", {"specimens/a:b"}, ""},
        Case{"GET", "/v1/specimens/1%3Aconvert", "GetSpecimen", {"specimens/1:convert"}, ""},
        Case{"GET", "/v1/specimens/1:convert", "", {}, "HTTP_METHOD_NOT_ALLOWED"},
        Case{"POST", "/v1/specimens/1:convrt", "", {}, "HTTP_METHOD_NOT_ALLOWED"},
        Case{"PUT", "/v1/specimens", "", {}, "HTTP_METHOD_NOT_ALLOWED"},
        Case{"get", "/v1/specimens", "", {}, "HTTP_METHOD_NOT_ALLOWED"},
        Case{"GET", "/v1/specimens/", "", {}, "HTTP_ROUTE_NOT_FOUND"},
        Case{"GET", "/v1//specimens", "", {}, "HTTP_ROUTE_NOT_FOUND"},
        Case{"GET", "/", "", {}, "HTTP_ROUTE_NOT_FOUND"},
        Case{"GET", "", "", {}, "HTTP_ROUTE_NOT_FOUND"},
        Case{"GET", "v1/specimens", "", {}, "HTTP_ROUTE_NOT_FOUND"},
        Case{"GET", "/v1/specimens/%zz", "", {}, "HTTP_MALFORMED_URL"},
        Case{"GET", "/v1/specimens/%ff", "", {}, "HTTP_MALFORMED_URL"}));

TEST(RouteTable, TellsWhichMethodsAnAddressTakes) {
  const RouteTable table = Specimens();
  EXPECT_EQ(table.AllowedMethods("/v1/specimens/1"), "DELETE, GET, HEAD, PATCH");
  EXPECT_EQ(table.AllowedMethods("/nowhere"), "");
  const auto status = table.Find("PUT", "/v1/specimens").status();
  EXPECT_THAT(status.metadata(), ElementsAre(std::pair("allow", "GET, HEAD, POST")));
}

TEST(RouteTable, LeavesMethodsWithoutARuleOut) {
  const RouteTable table = Specimens();
  for (const auto& route : table.routes()) EXPECT_NE(route.method->name(), "Hidden");
}

// The table of a service, in a pool of its own, with one method per text of an HttpRule.
class Rules {
 public:
  explicit Rules(const std::vector<std::string>& rules, bool client_streaming = false) {
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"pb(
          name: "rule.proto"
          package: "rule"
          syntax: "proto3"
          message_type {
            name: "Inner"
            field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
          }
          message_type {
            name: "Request"
            field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
            field {
              name: "inner"
              number: 2
              type: TYPE_MESSAGE
              type_name: ".rule.Inner"
              label: LABEL_OPTIONAL
            }
            field { name: "tags" number: 3 type: TYPE_STRING label: LABEL_REPEATED }
          }
          service { name: "RuleService" }
        )pb",
        &file));
    for (const auto& rule : rules) {
      auto* method = file.mutable_service(0)->add_method();
      method->set_name("Method" + std::to_string(file.service(0).method_size()));
      method->set_input_type(".rule.Request");
      method->set_output_type(".rule.Request");
      method->set_client_streaming(client_streaming);
      EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
          rule, method->mutable_options()->MutableExtension(google::api::http)));
    }
    table_.emplace(RouteTable::Build({pool_.BuildFile(file)->service(0)}));
  }

  Result<RouteTable>& table() { return *table_; }
  std::string Rpc(std::string_view http_method, std::string_view path) {
    return table_->value().Find(http_method, path).value().route->method->name();
  }

 private:
  google::protobuf::DescriptorPool pool_{google::protobuf::DescriptorPool::generated_pool()};
  std::optional<Result<RouteTable>> table_;
};

TEST(RouteTable, PrefersLiteralsThenOneThenMany) {
  Rules rules({R"(get: "/v1/{name=**}")", R"(get: "/v1/{name}")", R"(get: "/v1/me")",
               R"(get: "/v1/{name}/x")", R"(custom { kind: "*" path: "/v1/me" })"});
  EXPECT_EQ(rules.Rpc("GET", "/v1/me"), "Method3");
  EXPECT_EQ(rules.Rpc("GET", "/v1/you"), "Method2");
  EXPECT_EQ(rules.Rpc("GET", "/v1/you/x"), "Method4");
  EXPECT_EQ(rules.Rpc("GET", "/v1/you/y"), "Method1");
  EXPECT_EQ(rules.Rpc("TRACE", "/v1/me"), "Method5");
}

TEST(RouteTable, RefusesARuleThatCannotBeServed) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "names no HTTP method"},
      {R"(get: "v1")", "starts with"},
      {R"(get: "/v1/{nome}")", "\"nome\" is not a field of rule.Request"},
      {R"(get: "/v1/{inner}")", "primitive type"},
      {R"(get: "/v1/{tags}")", "primitive type"},
      {R"(get: "/v1/{name.id}")", "has no fields"},
      {R"(get: "/v1/{name}/{name}")", "occurs twice"},
      {R"(post: "/v1" body: "inner.id")", "is not a field of the request"},
      {R"(get: "/v1" response_body: "nope")", "is not a field of the response"},
      {R"(get: "/v1" additional_bindings { get: "/v2" additional_bindings { get: "/v3" } })",
       "cannot be nested"},
  };
  for (const auto& [rule, why] : table) {
    const auto status = Rules({rule}).table().status();
    EXPECT_EQ(status.reason(), "INVALID_HTTP_RULE") << rule;
    EXPECT_THAT(status.message(), HasSubstr(why)) << rule;
  }
}

TEST(RouteTable, RefusesTwoMethodsOnOneAddress) {
  Rules rules({R"(get: "/v1/{name}")", R"(get: "/v1/{inner.id=*}")"});
  EXPECT_THAT(rules.table().status().message(),
              HasSubstr("is already that of rule.RuleService.Method1"));
}

TEST(RouteTable, RefusesAStreamFromTheClient) {
  Rules rules({R"(post: "/v1" body: "*")"}, /*client_streaming=*/true);
  EXPECT_THAT(rules.table().status().message(), HasSubstr("stream from the client"));
}

}  // namespace
}  // namespace crm::gateway
