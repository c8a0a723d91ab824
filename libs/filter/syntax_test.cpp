#include "libs/filter/syntax.h"

#include <gtest/gtest.h>

namespace crm::filter {
namespace {

std::string Shape(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNot:
      return "!" + Shape(node.children[0]);
    case Node::Kind::kAnd:
    case Node::Kind::kOr: {
      std::string out = node.kind == Node::Kind::kAnd ? "(&" : "(|";
      for (const Node& child : node.children) out += " " + Shape(child);
      return out + ")";
    }
    default:
      break;
  }
  std::string out;
  for (const Word& word : node.path) {
    out += (out.empty() ? "" : "/") + std::string(word.quoted ? "'" : "") + word.text;
    if (!word.stars.empty()) out += "~";
  }
  if (node.is_call) {
    out += "[";
    for (const Node& argument : node.arguments) out += Shape(argument) + ",";
    out += "]";
  }
  if (node.op != Operator::kNone) {
    out =
        "{" + out + " " + std::string(OperatorText(node.op)) + " " + Shape(node.children[0]) + "}";
  }
  return out;
}

struct Example {
  std::string text;
  std::string shape;
};

class WellFormed : public testing::TestWithParam<Example> {};

TEST_P(WellFormed, HasTheShapeThatTheGrammarSays) {
  Result<Filter> filter = Filter::Parse(GetParam().text);
  ASSERT_TRUE(filter.ok()) << filter.status().ToString();
  EXPECT_EQ(Shape(filter->root()), GetParam().shape);
}

TEST_P(WellFormed, IsReadBackFromItsCanonicalText) {
  Result<Filter> filter = Filter::Parse(GetParam().text);
  ASSERT_TRUE(filter.ok());
  Result<Filter> again = Filter::Parse(filter->ToText());
  ASSERT_TRUE(again.ok()) << filter->ToText() << ": " << again.status().ToString();
  EXPECT_EQ(*again, *filter) << filter->ToText();
  EXPECT_EQ(again->ToText(), filter->ToText());
}

INSTANTIATE_TEST_SUITE_P(
    Aip160, WellFormed,
    testing::Values(
        // Literals and sequences.
        Example{"", "(&)"}, Example{"  \t\n ", "(&)"}, Example{"prod", "prod"}, Example{"42", "42"},
        Example{"\"Hugo\"", "'Hugo"}, Example{"Victor Hugo", "(& Victor Hugo)"},
        Example{"New York Giants OR Yankees", "(& New York (| Giants Yankees))"},
        Example{"New York (Giants OR Yankees)", "(& New York (| Giants Yankees))"},
        Example{"a b AND c AND d", "(& a b c d)"}, Example{"(a b) AND c AND d", "(& a b c d)"},
        Example{"משה \"חלונות תל אביב\"", "(& משה 'חלונות תל אביב)"},
        // Logic: OR binds tighter than AND; keywords are upper case.
        Example{"a AND b OR c", "(& a (| b c))"}, Example{"a OR b AND c", "(& (| a b) c)"},
        Example{"a AND b AND c", "(& a b c)"}, Example{"a OR b OR c", "(| a b c)"},
        Example{"(a AND b) OR c", "(| (& a b) c)"}, Example{"a and b or c", "(& a and b or c)"},
        Example{"a < 10 OR a >= 100", "(| {a < 10} {a >= 100})"}, Example{"((a))", "a"},
        Example{"a AND(b OR c)", "(& a (| b c))"},
        // Negation.
        Example{"NOT a", "!a"}, Example{"-a", "!a"}, Example{"NOT (a OR b)", "!(| a b)"},
        Example{"NOT(a OR b)", "!(| a b)"}, Example{"-(a b)", "!(& a b)"},
        Example{"-file:\".java\"", "!{file : '.java}"}, Example{"a -b", "(& a !b)"},
        Example{"a OR -b", "(| a !b)"}, Example{"NOT (NOT a)", "!!a"}, Example{"-30", "-30"},
        Example{"-30 = x", "!{30 = x}"}, Example{"-2.5 >= -2.4", "!{2.5 >= -2.4}"},
        // Comparisons, with and without white space.
        Example{"package=com.google", "{package = com/google}"},
        Example{"msg != 'hello'", "{msg != 'hello}"}, Example{"a=b", "{a = b}"},
        Example{"a<=1", "{a <= 1}"}, Example{"a>=1", "{a >= 1}"}, Example{"a>1", "{a > 1}"},
        Example{"a<1", "{a < 1}"}, Example{"a!=1", "{a != 1}"}, Example{"a :b", "{a : b}"},
        Example{"foo >= -2.4", "{foo >= -2.4}"}, Example{"foo >= (-2.4)", "{foo >= -2.4}"},
        Example{"f = 2.997e9", "{f = 2.997e9}"}, Example{"f = 1e-5", "{f = 1e-5}"},
        Example{"d = 1.2s", "{d = 1.2s}"}, Example{"d = 1.5h30m", "{d = 1.5h30m}"},
        Example{"t > 2012-04-21T11:30:00-04:00", "{t > 2012-04-21T11:30:00-04:00}"},
        Example{"t > 2012-04-21T11:30:00.250Z", "{t > 2012-04-21T11:30:00.250Z}"},
        // A blank keeps the colon out of what would be a time, and has to stay.
        Example{"2026-01-31T09:0 :00Z", "{2026-01-31T09:0 : 00Z}"},
        Example{"version = 1.2.3", "{version = 1.2.3}"},
        Example{"owner = users/0190163d-8694-739b-aea5-966c26f8ad91",
                "{owner = users/0190163d-8694-739b-aea5-966c26f8ad91}"},
        Example{"a = (x OR y)", "{a = (| x y)}"}, Example{"a:(x AND NOT y)", "{a : (& x !y)}"},
        // Traversal and has.
        Example{"a.b.c = \"foo\"", "{a/b/c = 'foo}"}, Example{"a.\"b c\" = 1", "{a/'b c = 1}"},
        Example{"expr.type_map.1.type", "expr/type_map/1/type"},
        Example{"a.OR.NOT = 1", "{a/'OR/'NOT = 1}"}, Example{"r:42", "{r : 42}"},
        Example{"r.foo:42", "{r/foo : 42}"}, Example{"m:foo", "{m : foo}"},
        Example{"m.foo:*", "{m/foo : *~}"}, Example{"m.foo:\"*\"", "{m/foo : '*~}"},
        // Functions.
        Example{"now()", "now[]"}, Example{"time.now()", "time/now[]"},
        Example{"regex(m.key, '^.*prod.*$')", "regex[m/key,'^.*prod.*$~,]"},
        Example{"experiment.rollout <= cohort(request.user)",
                "{experiment/rollout <= cohort[request/user,]}"},
        Example{"t > ago(-2d)", "{t > ago[-2d,]}"},
        Example{"f(g(1), (a OR b))", "f[g[1,],(| a b),]"},
        Example{"(msg.endsWith('world') AND retries < 10)",
                "(& msg/endsWith['world,] {retries < 10})"},
        // Strings.
        Example{"a = \"*.foo\"", "{a = '*.foo~}"}, Example{"a = foo*", "{a = foo*~}"},
        Example{R"(a = "\*")", "{a = '*}"}, Example{R"(a = "x\"y\\z")", "{a = 'x\"y\\z}"},
        Example{R"(a = 'it\'s "ok"')", "{a = 'it's \"ok\"}"},
        Example{R"(a = "☺\u263A")", "{a = '☺☺}"}, Example{R"(a = "\uD83D\uDE00")", "{a = '😀}"},
        Example{R"(a = "\n\t?\?")", "{a = '\n\t??}"}, Example{"a = \"\"", "{a = '}"},
        Example{"a = \"AND\"", "{a = 'AND}"}));

struct Refusal {
  std::string text;
  size_t position;
  std::string message;
};

class IllFormed : public testing::TestWithParam<Refusal> {};

TEST_P(IllFormed, IsRefusedAtThePositionOfTheError) {
  Result<Filter> filter = Filter::Parse(GetParam().text);
  ASSERT_FALSE(filter.ok()) << filter->ToText();
  Status status = filter.status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.reason(), "FILTER_INVALID");
  EXPECT_EQ(status.metadata().at("position"), std::to_string(GetParam().position))
      << status.message();
  EXPECT_EQ(status.message(), "The filter " + GetParam().message + " (at character " +
                                  std::to_string(GetParam().position) + ").");
  ASSERT_EQ(status.field_violations().size(), 1u);
  EXPECT_EQ(status.field_violations()[0].field, "filter");
}

INSTANTIATE_TEST_SUITE_P(
    Aip160, IllFormed,
    testing::Values(
        Refusal{"<", 0, "expects a field, a value or '(' here, found '<'"},
        Refusal{"a =", 3, "expects a value here"},
        Refusal{"a = =", 4, "expects a value here, found '='"},
        Refusal{"(-2.5) >= -2.4", 7, "expects AND, OR or a space here, found '>='"},
        Refusal{"a = \"foo", 4, "has a string that does not end"},
        Refusal{"a AND", 5, "expects a field, a value or '(' here"},
        Refusal{"a OR OR b", 5, "expects a field, a value or '(' here, found 'OR'"},
        Refusal{"AND a", 0, "expects a field, a value or '(' here, found 'AND'"},
        Refusal{"NOT NOT a", 4, "expects a field, a value or '(' here, found 'NOT'"},
        Refusal{"NOT", 3, "expects a field, a value or '(' here"},
        Refusal{"- a", 2, "expects something right after '-', found 'a'"},
        Refusal{"(a", 2, "expects ')' here"},
        Refusal{"a)", 1, "has a ')' without a '(', found ')'"},
        Refusal{"()", 1, "expects a field, a value or '(' here, found ')'"},
        Refusal{"(a)(b)", 3, "expects AND, OR or a space here, found '('"},
        Refusal{"\"a\"\"b\"", 3, "expects AND, OR or a space here, found '\"b\"'"},
        Refusal{"a.", 2, "expects a field name right after '.'"},
        Refusal{"a. b = 1", 3, "expects a field name right after '.', found 'b'"},
        Refusal{"a..b = 1", 2, "expects a field name right after '.', found '.'"},
        Refusal{"a[0] = 1 !", 9, "has a '!' that is not '!='"},
        Refusal{"f(1", 3, "expects ',' or ')' here"},
        Refusal{"f(1 2)", 4, "expects ',' or ')' here, found '2'"},
        Refusal{"f(,)", 2, "expects a value here, found ','"},
        Refusal{"a = -b", 4, "expects a value here, found '-'"},
        Refusal{"משה = \"\\q\"", 7, "has an unknown escape; write a backslash as two of them"},
        Refusal{R"(a = "\uD83D")", 5, "has an unknown escape; write a backslash as two of them"},
        Refusal{R"(a = "\u0000")", 5, "has an unknown escape; write a backslash as two of them"},
        Refusal{"invalid = foo\xa0\x01"
                "bar",
                13, "is not valid UTF-8"},
        Refusal{std::string("a\0b", 3), 1, "holds a NUL character"},
        Refusal{"a b, c", 3, "expects AND, OR or a space here, found ','"}));

TEST(FilterLimits, SizeIsBounded) {
  std::string longest = "a = \"" + std::string(kMaxFilterBytes - 6, 'x') + "\"";
  EXPECT_TRUE(Filter::Parse(longest).ok());
  Result<Filter> longer = Filter::Parse(longest + " ");
  ASSERT_FALSE(longer.ok());
  EXPECT_EQ(longer.status().message(), "The filter is longer than 8192 bytes (at character 0).");
}

TEST(FilterLimits, DepthIsBounded) {
  auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '(') + "a" +
           std::string(static_cast<size_t>(depth), ')');
  };
  EXPECT_TRUE(Filter::Parse(nested(kMaxFilterDepth)).ok());
  EXPECT_FALSE(Filter::Parse(nested(kMaxFilterDepth + 1)).ok());
  EXPECT_FALSE(Filter::Parse(std::string(4000, '(')).ok());
  std::string calls;
  for (int i = 0; i <= kMaxFilterDepth; ++i) calls += "f(";
  EXPECT_EQ(Filter::Parse(calls).status().metadata().at("position"), "65");
  std::string path = "a";
  for (int i = 0; i < kMaxFilterDepth; ++i) path += ".a";
  EXPECT_FALSE(Filter::Parse(path + " = 1").ok());
}

TEST(FilterLimits, CountOfPartsIsBounded) {
  std::string words;
  for (size_t i = 0; i < kMaxFilterNodes; ++i) words += "a ";
  EXPECT_TRUE(Filter::Parse(words).ok());
  EXPECT_FALSE(Filter::Parse(words + "a").ok());
}

}  // namespace
}  // namespace crm::filter
