#include "tools/crmctl/mapping.h"

#include <gtest/gtest.h>

namespace crm::ctl {
namespace {

// A mapping of one field whose rule is `rule`.
ValueRule RuleOf(const std::string& rule) {
  auto mapping = ParseMapping("test",
                              "collection: things\nkey: {field: id, column: A}\n"
                              "fields: {f: {" +
                                  rule + "}}\n");
  EXPECT_TRUE(mapping.ok()) << mapping.status().ToString();
  return mapping ? mapping->fields.at(0) : ValueRule();
}

// What the rule makes of a row whose cell A is `cell`; a refusal is its reason.
std::string Made(const std::string& rule, const std::string& cell) {
  const Row::Columns columns = {{"A", 0}, {"B", 1}};
  const std::vector<std::string> cells = {cell, "b"};
  auto text = Apply(RuleOf(rule), Row(columns, cells));
  return text ? *text : text.status().reason();
}

TEST(Mapping, TakesACellAsItIsUnlessToldOtherwise) {
  EXPECT_EQ(Made("column: A", " x "), " x ");
  EXPECT_EQ(Made("column: A, trim: true", " x "), "x");
  EXPECT_EQ(Made("value: fixed", "x"), "fixed");
  EXPECT_EQ(Made("column: A, prefix: book/", "x"), "book/x");
}

TEST(Mapping, AnEmptyCellSetsNothingIsReplacedOrIsRefused) {
  EXPECT_EQ(Made("column: A, prefix: book/", ""), "");
  EXPECT_EQ(Made("column: A, default: Not recorded, prefix: book/", ""), "book/Not recorded");
  EXPECT_EQ(Made("column: A, trim: true, required: true", "  "), "CELL_EMPTY");
}

TEST(Mapping, AliasesReplaceAndMayBeTheOnlyValues) {
  EXPECT_EQ(Made("column: A, alias: {GTXPro: GTX Pro}", "GTXPro"), "GTX Pro");
  EXPECT_EQ(Made("column: A, alias: {GTXPro: GTX Pro}", "GTK 500"), "GTK 500");
  EXPECT_EQ(Made("column: A, only_aliases: true, alias: {Korea: KR}", "Corea"), "VALUE_UNKNOWN");
  EXPECT_EQ(Made("column: A, only_aliases: true, alias: {Korea: KR}", ""), "");
}

TEST(Mapping, MoneyIsExactInItsUnit) {
  const char* millions = "column: A, strip: \"$, \", money: USD, times: 1000000";
  EXPECT_EQ(Made(millions, "$1,100.04 "), "1100040000.00 USD");
  EXPECT_EQ(Made(millions, "$4.54 "), "4540000.00 USD");
  EXPECT_EQ(Made("column: A, money: USD", "0"), "0.00 USD");
  EXPECT_EQ(Made("column: A, money: JPY", "12"), "12 JPY");
  EXPECT_EQ(Made("column: A, money: USD", ""), "");
}

TEST(Mapping, RefusesAmountsThatAreNoneOrTooLarge) {
  EXPECT_EQ(Made("column: A, money: USD", "$5"), "MONEY_MALFORMED");
  EXPECT_EQ(Made("column: A, money: USD", "1.005"), "MONEY_MALFORMED");
  EXPECT_EQ(Made("column: A, money: USD, times: 1000000", "99999999999999"), "MONEY_OVERFLOW");
}

TEST(Mapping, ADateBecomesATimeOfItsDay) {
  EXPECT_EQ(Made("column: A, time_of_day: \"00:00:00Z\"", "2017-03-01"), "2017-03-01T00:00:00Z");
  EXPECT_EQ(Made("column: A, time_of_day: \"00:00:00+02:00\"", "2017-03-01"),
            "2017-03-01T00:00:00+02:00");
  EXPECT_EQ(Made("column: A, time_of_day: \"00:00:00Z\"", ""), "");
  EXPECT_EQ(Made("column: A, time_of_day: \"00:00:00Z\"", "2017-02-30"), "DATE_MALFORMED");
  EXPECT_EQ(Made("column: A, time_of_day: \"00:00:00Z\"", "01/03/2017"), "DATE_MALFORMED");
}

TEST(Mapping, AConditionLimitsARuleToSomeRows) {
  EXPECT_EQ(Made("value: x, when: {column: A, in: [Won, Lost]}", "Lost"), "x");
  EXPECT_EQ(Made("value: x, when: {column: A, in: [Won, Lost]}", "Open"), "");
  EXPECT_EQ(Made("column: B, required: true, when: {column: A, in: [Won]}", "Lost"), "");
}

TEST(Mapping, SaysWhatIsWrongWithAFile) {
  auto message = [](const std::string& yaml) {
    auto mapping = ParseMapping("test", yaml);
    return mapping ? "" : mapping.status().message();
  };
  const std::string head = "collection: things\nkey: {field: id, column: A}\n";
  EXPECT_EQ(message(head + "feilds: {}\n"), "Mapping test: 'feilds' means nothing in the mapping.");
  EXPECT_EQ(message(head + "fields: {f: {colum: A}}\n"),
            "Mapping test: 'colum' means nothing in f.");
  EXPECT_EQ(message(head + "fields: {f: {trim: true}}\n"),
            "Mapping test: f takes its value from one of `column` and `value`.");
  EXPECT_EQ(message(head + "verbs: [{verb: win}]\n"),
            "Mapping test: win must say by `unless` when it is done already.");
  EXPECT_EQ(message(head + "create: {f: {column: A, later: true}}\n"),
            "Mapping test: `later` is for `fields` of the record, not for f.");
  EXPECT_NE(message("collection: [\n"), "");
}

}  // namespace
}  // namespace crm::ctl
