#include "services/gateway/path_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crm::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Values = std::optional<std::vector<std::string>>;

RequestPath Cut(std::string_view path, std::string_view verb = {}) {
  RequestPath out{.segments = {}, .verb = verb};
  path.remove_prefix(1);
  while (true) {
    const size_t slash = path.find('/');
    out.segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

Values Match(std::string_view text, std::string_view path, std::string_view verb = {}) {
  return PathTemplate::Parse(text).value().Match(Cut(path, verb));
}

Values Captures(std::vector<std::string> values) {
  return values;
}

struct Case {
  std::string path_template;
  std::string path;
  Values expected;
};

class PathTemplateMatch : public ::testing::TestWithParam<Case> {};

TEST_P(PathTemplateMatch, FollowsTheSpecification) {
  const auto& [path_template, path, expected] = GetParam();
  EXPECT_EQ(Match(path_template, path), expected) << path_template << " on " << path;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PathTemplateMatch,
    ::testing::Values(
        Case{"/v1/leads", "/v1/leads", Captures({})}, Case{"/v1/leads", "/v1/leads/", std::nullopt},
        Case{"/v1/leads", "/v1/deals", std::nullopt}, Case{"/v1/leads", "/v1", std::nullopt},
        Case{"/v1/leads", "/v1/le%61ds", Captures({})},
        Case{"/v1/a%20b", "/v1/a%20b", Captures({})},
        // One segment.
        Case{"/v1/{id}", "/v1/7", Captures({"7"})}, Case{"/v1/{id=*}", "/v1/7", Captures({"7"})},
        Case{"/v1/{id}", "/v1/", std::nullopt}, Case{"/v1/{id}", "/v1/7/8", std::nullopt},
        Case{"/v1/{id}", "/v1/a%2Fb%20c", Captures({"a/b c"})},
        Case{"/v1/*/{id}", "/v1/any/7", Captures({"7"})},
        Case{"/v1/{kind=leads}/{id}", "/v1/leads/7", Captures({"leads", "7"})},
        // Many segments.
        Case{"/v1/{name=leads/*}", "/v1/leads/7", Captures({"leads/7"})},
        Case{"/v1/{name=leads/*}", "/v1/leads/a%2Fb%20c", Captures({"leads/a%2Fb c"})},
        Case{"/v1/{name=leads/*}", "/v1/leads", std::nullopt},
        Case{"/v1/{name=leads/*}", "/v1/leads/", std::nullopt},
        Case{"/v1/{name=leads/*}", "/v1/deals/7", std::nullopt},
        Case{"/v1/{name=shelves/*/books/*}/x/{y}", "/v1/shelves/1/books/2/x/3",
             Captures({"shelves/1/books/2", "3"})},
        // Any number of segments.
        Case{"/v1/{path=**}", "/v1/a/b/c", Captures({"a/b/c"})},
        Case{"/v1/{path=**}", "/v1", Captures({""})},
        Case{"/v1/{path=**}", "/v1/a%2fb", Captures({"a%2fb"})},
        Case{"/v1/{path=a/**}", "/v1/a", Captures({"a"})},
        Case{"/v1/{path=a/**}", "/v1/a/b/c", Captures({"a/b/c"})},
        Case{"/v1/**", "/v1/x/y", Captures({})}, Case{"/**", "/", Captures({})},
        Case{"/v1/{a.b_c.d}", "/v1/7", Captures({"7"})}));

TEST(PathTemplate, MatchesItsVerbAndNoOther) {
  EXPECT_EQ(Match("/v1/{name=leads/*}:convert", "/v1/leads/7", "convert"), Captures({"leads/7"}));
  EXPECT_EQ(Match("/v1/{name=leads/*}:convert", "/v1/leads/7"), std::nullopt);
  EXPECT_EQ(Match("/v1/{name=leads/*}:convert", "/v1/leads/7", "assign"), std::nullopt);
  EXPECT_EQ(Match("/v1/{name=leads/*}", "/v1/leads/7", "convert"), std::nullopt);
  EXPECT_EQ(Match("/v1/{path=**}:purge", "/v1/a/b", "purge"), Captures({"a/b"}));
}

TEST(PathTemplate, NamesItsVariables) {
  const auto path = PathTemplate::Parse("/v1/{lead.name=leads/*}/notes/{note_id}:pin").value();
  ASSERT_EQ(path.variables().size(), 2u);
  EXPECT_EQ(path.variables()[0].field_path, "lead.name");
  EXPECT_TRUE(path.variables()[0].multi_segment);
  EXPECT_EQ(path.variables()[1].field_path, "note_id");
  EXPECT_FALSE(path.variables()[1].multi_segment);
  EXPECT_EQ(path.verb(), "pin");
  EXPECT_EQ(path.Shape(), "/v1/leads/*/notes/*:pin");
}

TEST(PathTemplate, RefusesWhatTheGrammarDoesNotKnow) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "starts with"},
      {"v1/leads", "starts with"},
      {"/", "a segment is empty"},
      {"/v1//leads", "a segment is empty"},
      {"/v1/leads/", "a segment is empty"},
      {"/v1/leads:", "a verb is empty"},
      {"/v1/leads:a/b", "unexpected character"},
      {"/v1/**/leads", "must be the last"},
      {"/v1/{a=**}/{b}", "must be the last"},
      {"/v1/{a=x/**/y}", "must be the last"},
      {"/v1/{a={b}}", "cannot contain another"},
      {"/v1/{a", "expected \"}\""},
      {"/v1/{}", "name of a field"},
      {"/v1/{1a}", "name of a field"},
      {"/v1/{a.}", "name of a field"},
      {"/v1/{a-b}", "expected \"}\""},
      {"/v1/a{b}", "unexpected character"},
      {"/v1/{a}b", "unexpected character"},
      {"/v1/***", "unexpected character"},
      {"/v1/%zz", "percent-encoding"},
  };
  for (const auto& [text, why] : table) {
    const auto status = PathTemplate::Parse(text).status();
    EXPECT_EQ(status.reason(), "INVALID_PATH_TEMPLATE") << text;
    EXPECT_THAT(status.message(), HasSubstr(why)) << text;
  }
}

}  // namespace
}  // namespace crm::gateway
