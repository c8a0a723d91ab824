#include "services/gateway/json_cursor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crm::gateway {
namespace {

using ::testing::HasSubstr;

Status Check(std::string_view text, int max_depth = 64) {
  JsonCursor cursor(text, max_depth);
  if (auto raw = cursor.ReadRaw(); !raw) return raw.status();
  return cursor.ExpectEnd();
}

TEST(JsonCursor, AcceptsWhatRfc8259Allows) {
  for (const char* good : {"{}", "[]", "null", "true", "false", "0", "-0", "1.5e+10", "1E-2",
                           "\"\"", " \t\r\n[ 1 , 2 ] ", R"({"a":{"b":[{"c":"d"}]}})",
                           R"("\"\\\/\b\f\n\r\t\u05e9\ud83d\ude00")", "\"שלום\""}) {
    EXPECT_TRUE(Check(good).ok()) << good << " " << Check(good).ToString();
  }
}

TEST(JsonCursor, RefusesEverythingElse) {
  for (const char* bad : {"",
                          " ",
                          "{",
                          "[",
                          "[1,]",
                          "[,1]",
                          "[1 2]",
                          "{,}",
                          R"({"a":1,})",
                          R"({"a" 1})",
                          R"({a:1})",
                          R"({'a':1})",
                          "'a'",
                          "\"a",
                          R"("\x")",
                          R"("\u12")",
                          R"("\u-123")",
                          R"("\ud800")",
                          R"("\udc00")",
                          R"("\ud800\u0041")",
                          "\"a\nb\"",
                          "\"\xff\"",
                          "01",
                          "-",
                          "1.",
                          ".5",
                          "1e",
                          "+1",
                          "0x10",
                          "NaN",
                          "Infinity",
                          "tru",
                          "nul",
                          "True",
                          "{} {}",
                          "1 // one",
                          "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(Check(bad).reason(), "INVALID_JSON") << bad;
  }
}

TEST(JsonCursor, DecodesEscapes) {
  EXPECT_EQ(JsonCursor(R"("a\"\\\/\n\u05e9\ud83d\ude00")").ReadString().value(), "a\"\\/\nש😀");
}

TEST(JsonCursor, PointsAtTheLineAndTheColumn) {
  const auto status = Check("{\n  \"a\": 1,\n  \"b\": oops\n}");
  EXPECT_EQ(status.message(), "The JSON is not valid at line 3, column 8: a value is expected.");
  EXPECT_EQ(status.metadata().at("line"), "3");
}

TEST(JsonCursor, BoundsTheDepth) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(Check(nested(64)).ok());
  EXPECT_EQ(Check(nested(65)).reason(), "JSON_TOO_DEEP");
  EXPECT_EQ(Check(std::string(1000000, '[')).reason(), "JSON_TOO_DEEP");
  EXPECT_TRUE(Check("[[1],[2],[3]]", 2).ok());
}

}  // namespace
}  // namespace crm::gateway
