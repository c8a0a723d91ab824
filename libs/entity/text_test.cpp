#include "libs/entity/text.h"

#include <gtest/gtest.h>

#include "libs/entity/phone.h"

namespace crm::entity {
namespace {

TEST(CountCharacters, CountsCharactersNotBytes) {
  EXPECT_EQ(CountCharacters(""), 0u);
  EXPECT_EQ(CountCharacters("abc"), 3u);
  EXPECT_EQ(CountCharacters("שלום"), 4u);
  EXPECT_EQ(CountCharacters("😀"), 1u);
}

TEST(HasControlCharacters, AllowsTabsAndLineBreaks) {
  EXPECT_FALSE(HasControlCharacters("a\tb\r\nc שלום \u00A0é"));
  for (const std::string& bad : {std::string("a\x00z", 3), std::string("a\x1b[0m"),
                                 std::string("\x7f"), std::string("\xC2\x85")}) {
    EXPECT_TRUE(HasControlCharacters(bad)) << bad;
  }
}

TEST(NormalizeEmail, TrimsWhatCopyingLeavesAndLowersLetters) {
  EXPECT_EQ(NormalizeEmail(" \u200FDana.Levi@Example.COM\u00A0\r\n"), "dana.levi@example.com");
  EXPECT_EQ(NormalizeEmail("דנה@דוגמה.co.il"), "דנה@דוגמה.co.il");
  EXPECT_EQ(NormalizeEmail(" \t "), "");
}

TEST(EmailFault, AcceptsWhatCanBeAnAddress) {
  for (const char* address : {"a@b.co", "dana.levi+crm@mail.example.co.il", "o'hara@example.com",
                              "דנה@דוגמה.ישראל", "a_b-c%d@1.2.example"}) {
    EXPECT_EQ(EmailFault(address), std::nullopt) << address;
  }
}

TEST(EmailFault, SaysWhatIsWrong) {
  for (const char* address :
       {"", "dana", "@example.com", "dana@", "dana@localhost", "da na@example.com", "a@b@c.com",
        "dana@example..com", "dana@.com", "dana@example.com.", "dana@-x.com", "dana@x-.com",
        ".dana@example.com", "da..na@example.com", "dana.@example.com", "<dana@example.com",
        "a@b.com,c@d.com", "dana@exa mple.com", "dana@exam_ple.com"}) {
    EXPECT_TRUE(EmailFault(address).has_value()) << address;
  }
  EXPECT_TRUE(EmailFault(std::string(65, 'a') + "@example.com").has_value());
  EXPECT_FALSE(EmailFault(std::string(64, 'a') + "@example.com").has_value());
}

TEST(NormalizePhone, UnderstandsNationalAndInternationalForms) {
  for (const char* typed : {"050-123-4567", "0501234567", "(050) 123 45 67", "+972 50 1234567",
                            "972501234567", "00972-50-1234567", "\u200F050-1234567"}) {
    EXPECT_EQ(NormalizePhone(typed), "+972501234567") << typed;
  }
  EXPECT_EQ(NormalizePhone("03-6123456"), "+97236123456");
  EXPECT_EQ(NormalizePhone("+1 (650) 253-0000"), "+16502530000");
  EXPECT_EQ(NormalizePhone("650 253 0000", "US"), "+16502530000");
}

TEST(NormalizePhone, LeavesAloneWhatItCannotUnderstand) {
  for (const char* typed :
       {"", "call me", "12", "*2700", "050-1", "0501234567890123456", "+999 1"}) {
    EXPECT_EQ(NormalizePhone(typed), std::nullopt) << typed;
  }
}

}  // namespace
}  // namespace crm::entity
