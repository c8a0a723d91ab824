#include "libs/base/base64url.h"

#include <gtest/gtest.h>

namespace crm {
namespace {

TEST(Base64Url, HasOneSpellingForEachText) {
  EXPECT_EQ(ToBase64Url(""), "");
  EXPECT_EQ(ToBase64Url("f"), "Zg");
  EXPECT_EQ(ToBase64Url("fo"), "Zm8");
  EXPECT_EQ(ToBase64Url("foo"), "Zm9v");
  EXPECT_EQ(ToBase64Url("\xff\xfe"), "__4");
  EXPECT_EQ(FromBase64Url("__4"), "\xff\xfe");
  for (const char* text : {"Zh", "Zm9", "Z", "Zg==", "+/8", "Z g"}) {
    EXPECT_FALSE(FromBase64Url(text)) << text;
  }
}

}  // namespace
}  // namespace crm
