#include "libs/filter/evaluate.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>

#include "crm/testing/v1/specimen.pb.h"

namespace crm::filter {
namespace {

using testing::v1::Specimen;

const Time kNow = *ParseTime("2026-11-22T10:00:00Z");

Specimen ASpecimen() {
  Specimen specimen;
  bool parsed = google::protobuf::TextFormat::ParseFromString(
      R"(display_name: "Blue Window" active: true count: -5 total: 42 port: 8080
         size: 18446744073709551615 ratio: 0.5 weight: 2.5 state: ACTIVE score: 0 channel: "web"
         create_time { seconds: 1795341600 } response_time { seconds: 1200 }
         amount { currency_code: "ILS" amount_minor: 0 }
         tags: "vip" tags: "new*" marks: 42 marks: 7 past_states: NEW
         phones { number: "050" e164: "+972501234567" } phones { label: "work" }
         custom_fields { key: "city" value: "Haifa" } custom_fields { key: "empty" value: "" }
         custom_fields { key: "a key" value: "x" }
         counters { key: "calls" value: 3 } shelves { key: 7 value: "top" }
         balances { key: "main" value { currency_code: "USD" amount_minor: 5 } }
         parent { count: 1 })",
      &specimen);
  EXPECT_TRUE(parsed);
  return specimen;
}

Schema SpecimenSchema() {
  Schema schema(Specimen::descriptor());
  schema.SetSearchable({"display_name", "tags", "address.city"});
  return schema;
}

bool Evaluates(const std::string& text) {
  Result<CheckedFilter> filter = ParseAndCheck(text, SpecimenSchema());
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status().ToString();
  EvalContext context;
  context.now = kNow;
  return filter.ok() && Matches(*filter, ASpecimen(), context);
}

struct Case {
  std::string text;
  bool matches;
};

class Semantics : public ::testing::TestWithParam<Case> {};

TEST_P(Semantics, AreThoseOfAip160) {
  EXPECT_EQ(Evaluates(GetParam().text), GetParam().matches) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Scalars, Semantics,
    ::testing::Values(
        Case{"", true}, Case{"*", true}, Case{"NOT *", false}, Case{"active = true", true},
        Case{"active != true", false}, Case{"active:true", true}, Case{"count = -5", true},
        Case{"count < -4", true}, Case{"count < -5", false}, Case{"count <= -5", true},
        Case{"count > -5", false}, Case{"count >= -5", true}, Case{"count != -5", false},
        Case{"total = (41 OR 42)", true}, Case{"total != (41 OR 42)", false},
        Case{"total = (NOT 41)", true}, Case{"total:42", true}, Case{"port = 8080", true},
        Case{"size = 9223372036854775807", true}, Case{"ratio = 0.5", true},
        Case{"weight > 2.4e0", true}, Case{"weight < 2.5", false}, Case{"state = ACTIVE", true},
        Case{"state = \"NEW\"", false}, Case{"state != NEW", true},
        Case{"display_name = \"Blue Window\"", true}, Case{"display_name = \"blue window\"", false},
        Case{"display_name > \"Blue\"", true}, Case{"display_name < \"a\"", true},
        Case{"code = \"\"", true}, Case{"code != \"x\"", true}, Case{"code:*", false},
        Case{"total:*", true}, Case{"blob:*", false}));

INSTANTIATE_TEST_SUITE_P(
    Wildcards, Semantics,
    ::testing::Values(
        Case{"display_name = \"Blue*\"", true}, Case{"display_name = \"*Window\"", true},
        Case{"display_name = \"B*e*W*w\"", true}, Case{"display_name = \"*\"", true},
        Case{"display_name = \"Blue Window*Window\"", false},
        Case{"display_name != \"Blue*\"", false}, Case{"display_name = \"*lue*\"", true},
        Case{"display_name = \"lue*\"", false}, Case{"display_name = \"Blue\\*\"", false},
        Case{"tags:\"new\\*\"", true}, Case{"tags:\"new\"", false}, Case{"tags:vi*", true},
        Case{"code = \"*\"", true}, Case{"display_name > \"Blue*\"", false}));

INSTANTIATE_TEST_SUITE_P(
    TimesAndDurations, Semantics,
    ::testing::Values(Case{"create_time = \"2026-11-22T10:00:00Z\"", true},
                      Case{"create_time = 2026-11-22T12:00:00+02:00", true},
                      Case{"create_time > \"2026-11-22T09:59:59.999999Z\"", true},
                      Case{"create_time < now()", false}, Case{"create_time >= now()", true},
                      Case{"create_time > ago(20m)", true}, Case{"response_time = 20m", true},
                      Case{"response_time = \"1200s\"", true}, Case{"response_time > 0.3h", true},
                      Case{"response_time < 1d", true}, Case{"response_time >= -1s", true}));

INSTANTIATE_TEST_SUITE_P(
    Unset, Semantics,
    ::testing::Values(
        Case{"due_time < now()", false}, Case{"due_time != \"2026-11-22T10:00:00Z\"", false},
        Case{"NOT due_time < now()", false}, Case{"-due_time:*", true},
        Case{"due_time = null", true}, Case{"due_time != null", false},
        Case{"create_time != null", true}, Case{"address.city = \"\"", false},
        Case{"address.city != \"x\"", false}, Case{"NOT address.city = \"x\"", false},
        Case{"NOT address.city = x*", false}, Case{"address.city = x OR total = 42", true},
        Case{"NOT (address.city = x AND total = 41)", true},
        Case{"NOT (address.city = x AND total = 42)", false}, Case{"address:*", false},
        Case{"address.city:*", false}, Case{"NOT address.city:*", true}, Case{"amount:*", true},
        Case{"amount:currency_code", true}, Case{"amount:amount_minor", false},
        Case{"amount.amount_minor = 0", true}, Case{"score = 0", true}, Case{"score:*", true},
        Case{"score = null", false}, Case{"grade = 0", false}, Case{"grade != 0", false},
        Case{"grade:*", false}, Case{"channel = web", true}, Case{"campaign != 1", false},
        Case{"parent.parent.count != 1", false}, Case{"parent.count = 1", true}));

INSTANTIATE_TEST_SUITE_P(
    Collections, Semantics,
    ::testing::Values(
        Case{"marks:42", true}, Case{"marks:43", false}, Case{"marks:*", true},
        Case{"answers:*", false}, Case{"NOT marks:43", true}, Case{"NOT answers:true", true},
        Case{"tags:(vip AND \"new\\*\")", true}, Case{"tags:(vip AND gold)", false},
        Case{"past_states:NEW", true}, Case{"phones.e164:\"+972*\"", true},
        Case{"phones.label:work", true}, Case{"phones:label", true}, Case{"phones.label:*", true},
        Case{"prices:*", false}, Case{"prices.amount_minor:0", false},
        Case{"custom_fields:city", true}, Case{"custom_fields:town", false},
        Case{"custom_fields:*", true}, Case{"custom_fields.city:*", true},
        Case{"custom_fields.empty:*", true}, Case{"custom_fields.city:Haifa", true},
        Case{"custom_fields.city = \"H*\"", true}, Case{"custom_fields.\"a key\" = x", true},
        Case{"custom_fields.town != Haifa", false}, Case{"NOT custom_fields.town = Haifa", false},
        Case{"counters.calls > 2", true}, Case{"counters.calls = null", false},
        Case{"counters.mails = null", true}, Case{"shelves.7 = top", true},
        Case{"shelves.8 = top", false}, Case{"shelves:7", true},
        Case{"balances.main.amount_minor = 5", true},
        Case{"balances.other.amount_minor != 5", false}, Case{"balances.main:currency_code", true},
        Case{"budgets:*", false}));

INSTANTIATE_TEST_SUITE_P(BareWords, Semantics,
                         ::testing::Values(Case{"window", true}, Case{"WIND", true},
                                           Case{"blue window", true}, Case{"\"blue window\"", true},
                                           Case{"\"window blue\"", false}, Case{"door", false},
                                           Case{"door OR vip", true}, Case{"-door", true},
                                           Case{"win*", true}, Case{"\"window vip\"", false},
                                           Case{"haifa", false}));

TEST(Matches, OrdersNotANumberAboveAllAsPostgreSqlDoes) {
  Specimen specimen;
  specimen.set_weight(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(Matches(*ParseAndCheck("weight > 1e300", SpecimenSchema()), specimen));
  EXPECT_FALSE(Matches(*ParseAndCheck("weight <= 1e300", SpecimenSchema()), specimen));
}

TEST(Matches, ReadsRootsByTheOrderInWhichTheyWereAdded) {
  Schema schema(nullptr);
  schema.AddRoot("before", Specimen::descriptor()).AddRoot("after", Specimen::descriptor());
  Result<CheckedFilter> filter =
      ParseAndCheck("before.state = NEW AND after.state = ACTIVE AND after:*", schema);
  ASSERT_TRUE(filter.ok()) << filter.status().ToString();
  Specimen before, after;
  before.set_state(Specimen::NEW);
  after.set_state(Specimen::ACTIVE);
  EvalContext context;
  const google::protobuf::Message* roots[] = {&before, &after};
  context.roots = roots;
  EXPECT_TRUE(Matches(*filter, context));
  const google::protobuf::Message* swapped[] = {&after, &before};
  context.roots = swapped;
  EXPECT_FALSE(Matches(*filter, context));
}

TEST(Matches, TreatsARootThatIsNotThereAsUnset) {
  Schema schema(Specimen::descriptor());
  schema.AddRoot("event", Specimen::descriptor());
  const google::protobuf::Message* null_root[] = {nullptr};
  EvalContext with_null;
  with_null.roots = null_root;
  for (const EvalContext& context : {EvalContext(), with_null}) {
    EXPECT_FALSE(Matches(*ParseAndCheck("event.count != 1", schema), Specimen(), context));
    EXPECT_FALSE(Matches(*ParseAndCheck("NOT event.count = 1", schema), Specimen(), context));
    EXPECT_TRUE(Matches(*ParseAndCheck("NOT event:*", schema), Specimen(), context));
    EXPECT_TRUE(Matches(*ParseAndCheck("event = null", schema), Specimen(), context));
  }
}

TEST(Matches, CallsFunctionsWithWhatTheEvaluationGives) {
  Schema schema(Specimen::descriptor());
  schema.AddFunction({"after",
                      {Type::kTime},
                      Type::kBool,
                      [](const EvalContext& context, std::span<const Value> arguments) {
                        return Value(context.now > std::get<Time>(arguments[0]));
                      }});
  EvalContext context;
  context.now = kNow;
  EXPECT_TRUE(
      Matches(*ParseAndCheck("after(\"2026-11-22T09:00:00Z\")", schema), Specimen(), context));
  EXPECT_TRUE(Matches(*ParseAndCheck("after(ago(1s))", schema), Specimen(), context));
  EXPECT_FALSE(Matches(*ParseAndCheck("after(now())", schema), Specimen(), context));
}

}  // namespace
}  // namespace crm::filter
