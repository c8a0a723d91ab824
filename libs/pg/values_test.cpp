// Parameters and results against a real server: what goes in comes out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "libs/pg/database.h"
#include "libs/testing/pg_schema.h"

namespace crm::pg {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
const Uuid kId = *Uuid::Parse("0190163d-8694-739b-aea5-966c26f8ad91");
const Uuid kOtherId = *Uuid::Parse("ffffffff-8694-739b-aea5-966c26f8ad91");
const Time kMoment = *ParseTime("2026-11-22T04:15:00.123456Z");
const Time kOld = *ParseTime("1875-03-01T00:00:00.000001Z");

class Values : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { schema_ = new test::PgSchema; }
  static void TearDownTestSuite() { delete schema_; }

  static Rows Select(const std::string& sql, std::vector<Param> params) {
    auto rows = schema_->database().Read({sql, std::move(params)});
    if (!rows.ok()) ADD_FAILURE() << sql << ": " << rows.status().ToString();
    return rows.ok() ? *rows : Rows();
  }
  // The value through a parameter and a result, and as the server spells it.
  static Rows Echo(const std::string& type, Value value) {
    return Select("SELECT $1::" + type + ", $1::text", {std::move(value)});
  }
  static Rows EchoArray(const std::string& type, Array array) {
    return Select(
        "SELECT e, e::text FROM unnest($1::" + type + "[]) WITH ORDINALITY u(e, n) " + "ORDER BY n",
        {std::move(array)});
  }
  static Status Refusal(const std::string& sql, std::vector<Param> params) {
    return schema_->database().Read({sql, std::move(params)}).status();
  }

  static test::PgSchema* schema_;
};
test::PgSchema* Values::schema_ = nullptr;

TEST_F(Values, BoolsGoBothWays) {
  EXPECT_TRUE(Echo("bool", true).GetBool(0, 0));
  EXPECT_EQ(Echo("boolean", false).GetString(0, 1), "false");
}

TEST_F(Values, IntegersGoBothWaysInEveryWidth) {
  for (const int64_t value : {kMin, int64_t{-1}, int64_t{0}, int64_t{1} << 40, kMax}) {
    EXPECT_EQ(Echo("bigint", value).GetInt(0, 0), value);
    EXPECT_EQ(Echo("bigint", value).GetString(0, 1), std::to_string(value));
  }
  EXPECT_EQ(Echo("int", int64_t{-2'147'483'648}).GetInt(0, 0), -2'147'483'648);
  EXPECT_EQ(Echo("smallint", int64_t{-32'768}).GetInt(0, 0), -32'768);
  EXPECT_EQ(Select("SELECT 4294967295::oid", {}).GetInt(0, 0), 4'294'967'295);
}

TEST_F(Values, IntegerTooWideForItsDeclaredTypeIsRefusedBeforeSending) {
  const Status status = Refusal("SELECT $1::int", {int64_t{2'147'483'648}});
  EXPECT_EQ(status.code(), Code::kOutOfRange);
  EXPECT_EQ(status.reason(), "PG_INTEGER_RANGE");
  EXPECT_EQ(status.metadata().at("parameter"), "1");
}

TEST_F(Values, DoublesKeepEveryBit) {
  for (const double value : {0.1, -1e300, 5e-324, std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(Echo("float8", value).GetDouble(0, 0), value);
  }
  EXPECT_EQ(Select("SELECT 0.5::real", {}).GetDouble(0, 0), 0.5);
}

TEST_F(Values, TextGoesBothWaysInEveryScriptAndLength) {
  for (const std::string& text :
       {std::string(), std::string("שלום \"'\\ 🙂"), std::string(3'000'000, 'x')}) {
    EXPECT_EQ(Echo("text", text).GetString(0, 0), text);
    EXPECT_EQ(Echo("varchar", text).GetBytes(0, 0), text);
  }
  EXPECT_EQ(Echo("jsonb", std::string(R"({"a": [1]})")).GetString(0, 0), R"({"a": [1]})");
  EXPECT_EQ(Echo("json", std::string("[1]")).GetString(0, 0), "[1]");
  EXPECT_EQ(Select("SELECT 'a'::name", {}).GetString(0, 0), "a");
}

TEST_F(Values, TextThatIsNotUtf8IsTheCallersMistake) {
  const Status status = Refusal("SELECT $1::text", {std::string("\xff")});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.metadata().at("sqlstate"), "22021");
}

TEST_F(Values, BytesMayHoldAnything) {
  const std::string bytes("\0\xff'\\x\n", 6);
  EXPECT_EQ(Echo("bytea", Bytes{bytes}).GetBytes(0, 0), bytes);
  EXPECT_EQ(Echo("bytea", Bytes{}).GetBytes(0, 0), "");
}

TEST_F(Values, UuidsGoBothWays) {
  EXPECT_EQ(Echo("uuid", kId).GetUuid(0, 0), kId);
  EXPECT_EQ(Echo("uuid", kId).GetString(0, 1), kId.ToString());
}

TEST_F(Values, TimesKeepTheirMicrosecondsOnBothSidesOfTheEpochs) {
  for (const Time time : {kMoment, kOld, Time{}, *ParseTime("2000-01-01T00:00:00Z")}) {
    EXPECT_EQ(Echo("timestamptz", time).GetTime(0, 0), time);
  }
  EXPECT_EQ(Select("SELECT $1::timestamptz AT TIME ZONE 'UTC' || ''", {kMoment}).GetString(0, 0),
            "2026-11-22 04:15:00.123456");
}

TEST_F(Values, EndsOfTimeAreTheServersInfinities) {
  EXPECT_EQ(Echo("timestamptz", Time::max()).GetString(0, 1), "infinity");
  EXPECT_EQ(Echo("timestamptz", Time::min()).GetString(0, 1), "-infinity");
  EXPECT_EQ(Echo("timestamptz", Time::max()).GetTime(0, 0), Time::max());
  EXPECT_EQ(Echo("timestamptz", Time::min()).GetTime(0, 0), Time::min());
}

TEST_F(Values, NullIsTypedByTheCast) {
  for (const char* type : {"bool", "bigint", "float8", "text", "bytea", "uuid", "timestamptz",
                           "jsonb", "int", "uuid[]"}) {
    const Rows rows = Select(std::string("SELECT $1::") + type + ", pg_typeof($1)::text", {Null{}});
    EXPECT_TRUE(rows.IsNull(0, 0)) << type;
    EXPECT_FALSE(rows.IsNull(0, 1)) << type;
  }
}

TEST_F(Values, ArraysKeepOrderAndNulls) {
  Rows rows = EchoArray("bigint", std::vector<std::optional<int64_t>>{7, std::nullopt, kMin});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows.GetInt(0, 0), 7);
  EXPECT_TRUE(rows.IsNull(1, 0));
  EXPECT_EQ(rows.GetInt(2, 0), kMin);
  rows = EchoArray("bool", std::vector<std::optional<bool>>{true, std::nullopt, false});
  EXPECT_TRUE(rows.GetBool(0, 0));
  EXPECT_TRUE(rows.IsNull(1, 0));
  EXPECT_FALSE(rows.GetBool(2, 0));
  rows = EchoArray("text", std::vector<std::optional<std::string>>{"{,\"}", "", std::nullopt});
  EXPECT_EQ(rows.GetString(0, 0), "{,\"}");
  EXPECT_EQ(rows.GetString(1, 0), "");
  EXPECT_TRUE(rows.IsNull(2, 0));
  rows = EchoArray("bytea", std::vector<std::optional<Bytes>>{Bytes{std::string(1, '\0')}});
  EXPECT_EQ(rows.GetBytes(0, 0), std::string(1, '\0'));
  rows = EchoArray("uuid", std::vector<std::optional<Uuid>>{kId, std::nullopt, kOtherId});
  EXPECT_EQ(rows.GetUuid(0, 0), kId);
  EXPECT_EQ(rows.GetUuid(2, 0), kOtherId);
  rows = EchoArray("timestamptz", std::vector<std::optional<Time>>{kMoment, kOld});
  EXPECT_EQ(rows.GetTime(0, 0), kMoment);
  EXPECT_EQ(rows.GetTime(1, 0), kOld);
  rows = EchoArray("int", std::vector<std::optional<int64_t>>{-5});
  EXPECT_EQ(rows.GetInt(0, 0), -5);
}

TEST_F(Values, EmptyArraysAreArraysAndNoNulls) {
  const Rows rows = Select(
      "SELECT cardinality($1::uuid[]), cardinality($2::text[]), cardinality($3::bigint[]), "
      "cardinality($4::bool[]), cardinality($5::bytea[]), cardinality($6::timestamptz[])",
      {std::vector<std::optional<Uuid>>{}, std::vector<std::optional<std::string>>{},
       std::vector<std::optional<int64_t>>{}, std::vector<std::optional<bool>>{},
       std::vector<std::optional<Bytes>>{}, std::vector<std::optional<Time>>{}});
  for (size_t column = 0; column < 6; ++column) EXPECT_EQ(rows.GetInt(0, column), 0);
}

TEST_F(Values, ArraysOfAHundredThousandGoThrough) {
  std::vector<std::optional<int64_t>> numbers;
  std::vector<std::optional<std::string>> texts;
  for (int64_t i = 0; i < 100'000; ++i) {
    numbers.emplace_back(i);
    texts.emplace_back("text number " + std::to_string(i));
  }
  const Rows rows = Select(
      "SELECT n, t FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY u(n, t, o) ORDER BY o",
      {numbers, texts});
  ASSERT_EQ(rows.size(), 100'000u);
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows.GetInt(i, 0), static_cast<int64_t>(i));
    ASSERT_EQ(rows.GetBytes(i, 1), *texts[i]);
  }
}

TEST_F(Values, SumsOfBigintsAreIntegers) {
  const auto sum = [](std::vector<std::optional<int64_t>> numbers) {
    return Select("SELECT sum(n) FROM unnest($1::bigint[]) n", {std::move(numbers)});
  };
  EXPECT_EQ(sum({1, 2, -40'000}).GetInt(0, 0), -39'997);
  EXPECT_EQ(sum({0}).GetInt(0, 0), 0);
  EXPECT_EQ(sum({90'000'000}).GetInt(0, 0), 90'000'000);
  EXPECT_EQ(sum({kMax}).GetInt(0, 0), kMax);
  EXPECT_EQ(sum({kMin}).GetInt(0, 0), kMin);
  EXPECT_TRUE(sum({}).IsNull(0, 0));
}

TEST_F(Values, NumericThatIsNoIntegerOf64BitsFailsTheStatement) {
  for (const char* sql :
       {"SELECT 9223372036854775808::numeric", "SELECT -9223372036854775809::numeric",
        "SELECT 1.5::numeric", "SELECT 'NaN'::numeric", "SELECT 1e40::numeric"}) {
    const Status status = Refusal(sql, {});
    EXPECT_EQ(status.code(), Code::kOutOfRange) << sql;
    EXPECT_EQ(status.reason(), "PG_NUMERIC_RANGE") << sql;
  }
  EXPECT_EQ(Select("SELECT 100.000::numeric", {}).GetInt(0, 0), 100);
}

TEST_F(Values, AffectedCountsWhatAStatementTouched) {
  schema_->Execute("CREATE TABLE counted AS SELECT generate_series(1, 5) AS n");
  EXPECT_EQ(schema_->Execute("UPDATE counted SET n = n + 1 WHERE n > 2").affected(), 3);
  EXPECT_EQ(schema_->Execute("DELETE FROM counted").affected(), 5);
  EXPECT_EQ(Rows().affected(), 0);
  EXPECT_EQ(Rows().size(), 0u);
}

TEST_F(Values, ParameterOfAnotherTypeThanItsCastIsRefused) {
  const Status status = Refusal("SELECT $1::bigint", {kMoment});
  EXPECT_EQ(status.reason(), "PG_BAD_PARAMETER");
  EXPECT_THAT(status.message(), HasSubstr("Time is declared as bigint"));
  EXPECT_EQ(Refusal("SELECT $1::uuid[]", {kId}).reason(), "PG_BAD_PARAMETER");
  EXPECT_EQ(Refusal("SELECT $1::uuid", {std::vector<std::optional<Uuid>>{}}).reason(),
            "PG_BAD_PARAMETER");
  EXPECT_EQ(Refusal("SELECT $1::uuid", {}).reason(), "PG_BAD_PARAMETER");
}

using ValuesDeathTest = Values;

TEST_F(ValuesDeathTest, ReadingAColumnAsAnotherTypeSaysWhichAndEnds) {
  const Rows rows = Select("SELECT 1::bigint, NULL::text", {});
  EXPECT_DEATH(rows.GetUuid(0, 0), "GetUuid asked of row 0, column 0, which is bigint");
  EXPECT_DEATH(rows.GetBytes(0, 1), "which is null");
  EXPECT_DEATH(rows.GetInt(1, 0), "outside of 1 rows of 2");
  EXPECT_DEATH(static_cast<void>(rows.IsNull(0, 2)), "outside of 1 rows of 2");
}

}  // namespace
}  // namespace crm::pg
