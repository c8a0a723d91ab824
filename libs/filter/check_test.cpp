#include <gtest/gtest.h>

#include "crm/testing/v1/specimen.pb.h"
#include "libs/filter/checked_filter.h"
#include "libs/filter/evaluate.h"
#include "libs/filter/required_texts.h"

namespace crm::filter {
namespace {

using testing::v1::Specimen;

Schema SpecimenSchema() {
  Schema schema(Specimen::descriptor());
  schema.SetSearchable({"display_name"});
  return schema;
}

struct Refusal {
  std::string text;
  size_t position;
  std::string message;
};

class IllTyped : public ::testing::TestWithParam<Refusal> {};

TEST_P(IllTyped, IsRefusedWithWhatIsExpected) {
  Result<CheckedFilter> filter = ParseAndCheck(GetParam().text, SpecimenSchema());
  ASSERT_FALSE(filter.ok()) << filter->ToText();
  Status status = filter.status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.reason(), "FILTER_INVALID");
  std::string where = " (at character " + std::to_string(GetParam().position) + ")";
  EXPECT_EQ(status.message(), "The filter " + GetParam().message + where + ".");
  EXPECT_EQ(status.metadata().at("position"), std::to_string(GetParam().position));
  ASSERT_EQ(status.field_violations().size(), 1u);
  EXPECT_EQ(status.field_violations()[0], (FieldViolation{"filter", GetParam().message + where}));
}

INSTANTIATE_TEST_SUITE_P(
    Names, IllTyped,
    ::testing::Values(
        Refusal{"total = 1 AND stat = NEW", 14,
                "names the unknown field \"stat\"; did you mean \"state\", \"etag\"?"},
        Refusal{"amount.amont_minor = 1", 0,
                "names the unknown field \"amount.amont_minor\"; did you mean \"amount_minor\"?"},
        Refusal{
            "amount.x = 1", 0,
            "names the unknown field \"amount.x\"; there are \"amount_minor\", \"currency_code\""},
        Refusal{"total.x = 1", 0, "names \"total.x\", but \"total\" has no fields"},
        Refusal{"create_time.seconds = 1", 0,
                "names \"create_time.seconds\", but \"create_time\" has no fields"},
        Refusal{"tags.0 = x", 0, "names \"tags.0\", but \"tags\" has no fields"},
        Refusal{"phones.0.label:x", 0,
                "names the unknown field \"phones.0\"; there are \"e164\", \"label\", \"number\""},
        Refusal{"amount:foo", 7,
                "names the unknown field \"amount.foo\"; there are \"amount_minor\", "
                "\"currency_code\""},
        Refusal{"shelves.top = x", 0, "has the key \"top\" that \"shelves\" cannot have"},
        Refusal{"custom_fields:c*", 14, "has a wildcard in the name of a field or key"},
        Refusal{"1 > 0", 0,
                "names the unknown field \"1\"; there are \"blob\", \"code\", \"etag\", \"name\", "
                "\"port\", \"size\", \"tags\", \"wish\" and others"}));

INSTANTIATE_TEST_SUITE_P(
    Types, IllTyped,
    ::testing::Values(
        Refusal{"total = abc", 8, "expects a whole number for \"total\", found \"abc\""},
        Refusal{"total = 2.5", 8, "expects a whole number for \"total\", found \"2.5\""},
        Refusal{"total = 9223372036854775808", 8,
                "expects a whole number for \"total\", found \"9223372036854775808\""},
        Refusal{"total = 1*", 8, "expects a whole number for \"total\", found \"1*\""},
        Refusal{"weight = nan", 9,
                "expects a number like 2.5 or 2.5e3 for \"weight\", found \"nan\""},
        Refusal{"active = yes", 9, "expects true or false for \"active\", found \"yes\""},
        Refusal{"active > false", 0, "orders \"active\", which has no order; use = or !="},
        Refusal{"state = ACTIV", 8,
                "expects one of the declared names for \"state\", found \"ACTIV\"; did you mean "
                "\"ACTIVE\"?"},
        Refusal{"state = active", 8,
                "expects one of the declared names for \"state\", found \"active\"; did you mean "
                "\"ACTIVE\"?"},
        Refusal{"state < CLOSED", 0, "orders \"state\", which has no order; use = or !="},
        Refusal{"create_time > yesterday", 14,
                "expects a time like \"2026-01-31T09:00:00Z\" for \"create_time\", found "
                "\"yesterday\""},
        Refusal{"create_time > 2026-02-30T00:00:00Z", 14,
                "expects a time like \"2026-01-31T09:00:00Z\" for \"create_time\", found "
                "\"2026-02-30T00:00:00Z\""},
        Refusal{"response_time > 20", 16,
                "expects a duration like 20m or 1200s for \"response_time\", found \"20\""},
        Refusal{"amount = 5", 9,
                "expects '*' (only presence can be tested) for \"amount\", found \"5\""},
        Refusal{"blob = x", 7,
                "expects '*' (only presence can be tested) for \"blob\", found \"x\""},
        Refusal{"score > null", 0, "orders \"score\" against null; only = and != can be used"},
        Refusal{"total = null", 8, "expects a whole number for \"total\", found \"null\""},
        Refusal{"tags = x", 0, "compares \"tags\", which is repeated; use ':' to test what it has"},
        Refusal{"phones.label != x", 0,
                "compares \"phones.label\", which is repeated; use ':' to test what it has"},
        Refusal{"custom_fields = x", 0,
                "compares \"custom_fields\", which is a map; use ':' to test what it has"},
        Refusal{"total = (1 OR total = 2)", 14, "has a comparison where a value is expected"}));

INSTANTIATE_TEST_SUITE_P(
    Functions, IllTyped,
    ::testing::Values(
        Refusal{"create_time < nowe()", 14,
                "calls the unknown function \"nowe\"; did you mean \"now\"?"},
        Refusal{"create_time < ago()", 14, "gives ago() 0 arguments; it takes 1"},
        Refusal{"create_time < ago(x)", 18,
                "expects a duration like 20m or 1200s for \"ago()\", found \"x\""},
        Refusal{"create_time < ago(total = 1)", 24, "expects ',' or ')' here, found '='"},
        Refusal{"create_time < ago((a OR b))", 19, "has a condition where ago() expects a value"},
        Refusal{"total < now()", 8, "expects a whole number, and now() does not give that"},
        Refusal{"now()", 0, "expects true or false, and now() does not give that"},
        Refusal{"now() > create_time", 0, "compares a function; a field must stand on the left"}));

TEST(Check, RefusesABareWordWhereThereIsNothingToSearch) {
  Result<CheckedFilter> filter = ParseAndCheck("moshe", Schema(Specimen::descriptor()));
  ASSERT_FALSE(filter.ok());
  EXPECT_EQ(
      filter.status().message(),
      "The filter has the bare word \"moshe\", but there is no text to search; compare a field, as "
      "in name = \"moshe\" (at character 0).");
}

TEST(Check, KeepsErrorsShortWhateverTheFilterHolds) {
  std::string flood;
  for (int i = 0; i < 3000; ++i) flood += "א";
  for (const std::string& text :
       {flood + " = 1", "total = " + flood, "state = " + flood, "custom_fields." + flood + ".x = 1",
        "f" + flood + "()", "a (" + flood + " = = "}) {
    Status status = ParseAndCheck(text, SpecimenSchema()).status();
    EXPECT_EQ(status.reason(), "FILTER_INVALID") << text;
    size_t bytes = status.message().size() + status.field_violations()[0].description.size();
    for (const auto& [key, value] : status.metadata()) bytes += value.size();
    EXPECT_LT(bytes, 2000u) << status.message();
  }
  EXPECT_EQ(Shortened("אבגד", 7), "אב...");
}

TEST(Check, AsksTheGateForEveryPath) {
  std::vector<std::string> asked;
  Schema schema = SpecimenSchema();
  schema.AddRoot("event", Specimen::descriptor());
  schema.SetGate([&asked](std::string_view path) {
    asked.emplace_back(path);
    return path == "code" ? std::optional<std::string>("is not filterable") : std::nullopt;
  });
  ASSERT_TRUE(
      ParseAndCheck("total = 1 AND custom_fields.city:* AND event.amount:currency_code", schema)
          .ok());
  EXPECT_EQ(asked, (std::vector<std::string>{"total", "custom_fields.city",
                                             "event.amount.currency_code"}));
  Result<CheckedFilter> refused = ParseAndCheck("total = 1 OR code = x", schema);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().message(),
            "The filter names \"code\", which is not filterable (at character 13).");
  EXPECT_EQ(refused.status().metadata().at("field"), "code");
  Result<CheckedFilter> near = ParseAndCheck("coden = x", schema);
  EXPECT_EQ(near.status().message().find("\"code\""), std::string::npos) << near.status().message();
}

TEST(CheckedFilter, CombinesScopeAndUserFilter) {
  Schema schema = SpecimenSchema();
  CheckedFilter scope = *FieldEquals(schema, "owner", "users/1");
  CheckedFilter user = *ParseAndCheck("total > 1 OR count > 1", schema);
  EXPECT_EQ(scope.And(user).ToText(), "owner = \"users/1\" AND (total > 1 OR count > 1)");
  EXPECT_EQ(scope.Or(user).ToText(), "owner = \"users/1\" OR total > 1 OR count > 1");
  EXPECT_EQ(scope.And(CheckedFilter()), scope);
  EXPECT_EQ(CheckedFilter().And(scope), scope);
  EXPECT_TRUE(scope.Or(CheckedFilter()).matches_everything());
  EXPECT_EQ(CheckedFilter().ToText(), "");
  EXPECT_EQ(scope.And(CheckedFilter::None()).ToText(), "owner = \"users/1\" AND NOT *");
  Specimen specimen;
  specimen.set_owner("users/1");
  specimen.set_total(2);
  EXPECT_TRUE(Matches(scope.And(user), specimen));
  EXPECT_FALSE(Matches(scope.And(CheckedFilter::None()), specimen));
  specimen.set_owner("users/2");
  EXPECT_FALSE(Matches(scope.And(user), specimen));
}

TEST(CheckedFilter, IsReadBackFromItsText) {
  Schema schema = SpecimenSchema();
  for (std::string text :
       {"a* -b", "total = (1 OR 2) window", "create_time < ago(1d) OR due_time = null",
        "custom_fields.\"a b\":* AND NOT (tags:x y)", "NOT *"}) {
    CheckedFilter filter = *ParseAndCheck(text, schema);
    Result<CheckedFilter> again = ParseAndCheck(filter.ToText(), schema);
    ASSERT_TRUE(again.ok()) << filter.ToText();
    EXPECT_EQ(*again, filter);
  }
}

TEST(FieldEquals, TakesTheValueLiterally) {
  Schema schema = SpecimenSchema();
  std::string evil = "x\" OR code:* OR code = \"*\\";
  CheckedFilter filter = *FieldEquals(schema, "code", evil);
  EXPECT_EQ(*ParseAndCheck(filter.ToText(), schema), filter);
  Specimen specimen;
  specimen.set_code("anything");
  EXPECT_FALSE(Matches(filter, specimen));
  specimen.set_code(evil);
  EXPECT_TRUE(Matches(filter, specimen));
  EXPECT_EQ(FieldEquals(schema, "code", "*")->ToText(), "code = \"\\*\"");
}

TEST(FieldEquals, FitsTheTypeOfTheField) {
  Schema schema = SpecimenSchema();
  EXPECT_EQ(FieldEquals(schema, "tags", "vip")->ToText(), "tags:\"vip\"");
  EXPECT_EQ(FieldEquals(schema, "state", "NEW")->ToText(), "state = \"NEW\"");
  EXPECT_FALSE(FieldEquals(schema, "total", "many").ok());
  EXPECT_FALSE(FieldEquals(schema, "nothing", "x").ok());
  EXPECT_FALSE(FieldEquals(schema, "total = 1 OR code", "x").ok());
}

TEST(RequiredTexts, AreSaidWhereEveryMatchHasOneOfThem) {
  auto texts = [](const char* text) {
    auto required = RequiredTexts(*ParseAndCheck(text, SpecimenSchema()));
    std::string said = required ? required->path + ":" : "nothing";
    if (!required) return said;
    for (const auto& each : required->texts) said += " " + each;
    return said;
  };
  EXPECT_EQ(texts("code = a"), "code: a");
  EXPECT_EQ(texts("code = b OR code = a"), "code: a b");
  EXPECT_EQ(texts("total > 1 AND (code = b OR code = a)"), "code: a b");
  EXPECT_EQ(texts(""), "nothing");
  EXPECT_EQ(texts("code = a OR owner = a"), "nothing");
  EXPECT_EQ(texts("code = a OR total > 1"), "nothing");
  EXPECT_EQ(texts("code != a"), "nothing");
  EXPECT_EQ(texts("NOT code = a"), "nothing");
  EXPECT_EQ(texts("code = \"a*\""), "nothing");
  EXPECT_EQ(texts("tags:a"), "nothing");
  EXPECT_EQ(texts("state = NEW"), "nothing");
}

TEST(FieldIsAnyOf, MatchesNothingWithoutValues) {
  Schema schema = SpecimenSchema();
  std::vector<std::string> departments = {"departments/1", "departments/2"};
  EXPECT_EQ(FieldIsAnyOf(schema, "department", departments)->ToText(),
            "department = \"departments/1\" OR department = \"departments/2\"");
  EXPECT_EQ(*FieldIsAnyOf(schema, "department", {}), CheckedFilter::None());
}

}  // namespace
}  // namespace crm::filter
