#include "libs/base/hex.h"

#include <gtest/gtest.h>

namespace crm {
namespace {

TEST(Hex, WritesTwoDigitsForEachByte) {
  EXPECT_EQ(ToHex(""), "");
  EXPECT_EQ(ToHex(std::string_view("\x00\x0f\xa0\xff", 4)), "000fa0ff");
  std::string text = "\\u00";
  const uint8_t byte = 0x1b;
  AppendHex(text, {&byte, 1});
  EXPECT_EQ(text, "\\u001b");
}

}  // namespace
}  // namespace crm
