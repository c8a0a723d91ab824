#include "services/gateway/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crm::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PercentDecode, GivesTheBytesBack) {
  EXPECT_EQ(PercentDecode("a%20b%2Fc").value(), "a b/c");
  EXPECT_EQ(PercentDecode("%d7%A9").value(), "ש");
  EXPECT_EQ(PercentDecode("a+b").value(), "a+b");
}

TEST(PercentDecode, KeepsEncodedSlashesWhereAsked) {
  EXPECT_EQ(PercentDecode("a%2Fb%2fc%20d/e", Slashes::kKeepEncoded).value(), "a%2Fb%2fc d/e");
}

TEST(PercentDecode, RefusesWhatIsNotAnEncodingOfText) {
  for (const char* bad : {"%", "%4", "%zz", "%d7", "%c0%af", "%ed%a0%80", "%f5%80%80%80", "%00"}) {
    EXPECT_EQ(PercentDecode(bad).status().reason(), "HTTP_MALFORMED_URL") << bad;
  }
}

TEST(IsUtf8, KnowsTheEdges) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8(
      "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
  for (const char* bad : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xff", "\xe2\x82", "a\xc3"}) {
    EXPECT_FALSE(IsUtf8(bad));
  }
}

TEST(ParseQuery, KeepsOrderAndRepetition) {
  EXPECT_THAT(
      ParseQuery("a=1&b.c=x+y&&a=%262&flag&e=").value(),
      ElementsAre(QueryParameter{"a", "1"}, QueryParameter{"b.c", "x y"}, QueryParameter{"a", "&2"},
                  QueryParameter{"flag", ""}, QueryParameter{"e", ""}));
  EXPECT_THAT(ParseQuery("f=a%3Db=c").value(), ElementsAre(QueryParameter{"f", "a=b=c"}));
  EXPECT_THAT(ParseQuery("").value(), IsEmpty());
  EXPECT_EQ(ParseQuery("a=%").status().reason(), "HTTP_MALFORMED_URL");
}

TEST(SplitTarget, CutsQueryAndFragment) {
  using Pair = std::pair<std::string_view, std::string_view>;
  EXPECT_EQ(SplitTarget("/v1/leads?a=b?c#d"), Pair("/v1/leads", "a=b?c"));
  EXPECT_EQ(SplitTarget("/v1/leads"), Pair("/v1/leads", ""));
}

}  // namespace
}  // namespace crm::gateway
