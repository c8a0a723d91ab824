#include "libs/filter/sql.h"

#include <gtest/gtest.h>

#include "libs/filter/specimen_probes.h"
#include "libs/pg/to_param.h"
#include "libs/testing/pg_schema.h"

namespace crm::filter {
namespace {

const Uuid kId = *Uuid::Parse("0190163d-8694-739b-aea5-966c26f8ad91");

Result<SqlCondition> Translate(const std::string& text, size_t first = 1) {
  Result<CheckedFilter> filter = ParseAndCheck(text, SpecimenSchema());
  if (!filter.ok()) return filter.status();
  EvalContext context{.now = Time(std::chrono::seconds(1'700'000'000))};
  return ToSql(*filter, SpecimenColumns(), {.first_placeholder = first, .context = context});
}

std::string Print(const SqlValue& value) {
  struct Visitor {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return std::to_string(v); }
    std::string operator()(const std::string& v) const { return "'" + v + "'"; }
    std::string operator()(const Uuid& v) const { return v.ToString(); }
    std::string operator()(Time v) const { return FormatTime(v); }
    std::string operator()(const std::vector<std::string>& v) const {
      std::string all;
      for (const auto& text : v) all += (all.empty() ? "{" : ", ") + (*this)(text);
      return all + "}";
    }
  };
  return std::visit(Visitor(), value);
}

struct Translation {
  std::string filter;
  std::string sql;
  std::vector<std::string> params;
};

class Statements : public ::testing::TestWithParam<Translation> {};

TEST_P(Statements, HaveThisText) {
  Result<SqlCondition> sql = Translate(GetParam().filter);
  ASSERT_TRUE(sql.ok()) << sql.status().ToString();
  EXPECT_EQ(sql->text, GetParam().sql);
  std::vector<std::string> params;
  for (const SqlValue& value : sql->params) params.push_back(Print(value));
  EXPECT_EQ(params, GetParam().params);
}

const std::string kRowOf =
    "EXISTS (SELECT 1 FROM custom_index x WHERE x.tenant = t.tenant AND x.entity = $1::text AND "
    "x.field = $2::text";

INSTANTIATE_TEST_SUITE_P(
    Golden, Statements,
    ::testing::Values(
        Translation{"", "(TRUE)", {}}, Translation{"NOT *", "(FALSE)", {}},
        Translation{"state = ACTIVE", "t.state = $1::bigint", {"2"}},
        Translation{"total != 5", "t.total <> $1::bigint", {"5"}},
        Translation{"NOT total < 5", "(t.total >= $1::bigint)", {"5"}},
        Translation{"NOT (active = true OR weight > 2.5)",
                    "(t.active <> $1::bool AND t.weight <= $2::float8)",
                    {"true", "2.500000"}},
        Translation{"total = 1 AND count = 2 OR count = 3",
                    "(t.total = $1::bigint AND (t.count = $2::bigint OR t.count = $3::bigint))",
                    {"1", "2", "3"}},
        Translation{
            "due_time < ago(20m)", "t.due_time < $1::timestamptz", {"2023-11-14T21:53:20Z"}},
        Translation{"response_time > 20m", "t.response_time > $1::bigint", {"1200000000"}},
        Translation{"display_name = \"x' OR 1=1\"", "t.display_name = $1::text", {"'x' OR 1=1'"}},
        Translation{"display_name = \"abc*\"",
                    "(t.display_name >= $1::text AND t.display_name < $2::text)",
                    {"'abc'", "'abd'"}},
        Translation{"display_name = \"\xed\x9f\xbf*\"",
                    "(t.display_name >= $1::text AND t.display_name < $2::text)",
                    {"'\xed\x9f\xbf'", "'\xee\x80\x80'"}},
        Translation{
            "display_name = \"\U0010FFFF*\"", "(t.display_name >= $1::text)", {"'\U0010FFFF'"}},
        Translation{"display_name = \"a%*_!\"",
                    "(t.display_name >= $1::text AND t.display_name < $2::text AND t.display_name "
                    "LIKE $3::text "
                    "ESCAPE '!')",
                    {"'a%'", "'a&'", "'a!%%!_!!'"}},
        Translation{
            "display_name != \"*x\"", "NOT ((t.display_name LIKE $1::text ESCAPE '!'))", {"'%x'"}},
        Translation{"display_name = a OR display_name = b",
                    "(t.display_name = ANY ($1::text[]))",
                    {"{'a', 'b'}"}},
        Translation{"NOT (display_name = (a OR b))",
                    "(t.display_name <> ALL ($1::text[]))",
                    {"{'a', 'b'}"}},
        Translation{"display_name != a AND display_name != b AND total = 1",
                    "(t.display_name <> $1::text AND t.display_name <> $2::text AND t.total = "
                    "$3::bigint)",
                    {"'a'", "'b'", "1"}},
        Translation{"display_name = a OR nickname = b",
                    "(t.display_name = $1::text OR t.nickname = $2::text)",
                    {"'a'", "'b'"}},
        Translation{"display_name = \"*\"", "TRUE", {}},
        Translation{"nickname = \"*\"", "t.nickname IS NOT NULL", {}},
        Translation{"nickname != \"*\"", "FALSE", {}}));

INSTANTIATE_TEST_SUITE_P(
    GoldenUuid, Statements,
    ::testing::Values(
        Translation{"owner = users/0190163d-8694-739b-aea5-966c26f8ad91",
                    "t.owner = $1::uuid",
                    {kId.ToString()}},
        Translation{"owner != users/0190163d-8694-739b-aea5-966c26f8ad91",
                    "t.owner IS DISTINCT FROM $1::uuid",
                    {kId.ToString()}},
        Translation{"owner = users/0190163D-8694-739B-AEA5-966C26F8AD91", "FALSE", {}},
        Translation{"owner = bob", "FALSE", {}}, Translation{"owner != bob", "TRUE", {}},
        Translation{"owner = \"\"", "t.owner IS NULL", {}},
        Translation{"owner:*", "t.owner IS NOT NULL", {}},
        Translation{"channel != bob", "t.channel IS NOT NULL", {}},
        Translation{"owner < users/1",
                    "COALESCE(($1::text || t.owner::text), '') COLLATE \"C\" < $2::text",
                    {"'users/'", "'users/1'"}}));

INSTANTIATE_TEST_SUITE_P(
    GoldenPresence, Statements,
    ::testing::Values(
        Translation{"due_time:*", "t.due_time IS NOT NULL", {}},
        Translation{"due_time = null", "(t.due_time IS NULL)", {}},
        Translation{"total:*", "t.total <> 0", {}},
        Translation{"NOT display_name:*", "(NOT (t.display_name <> ''))", {}},
        Translation{"parent.total:*", "(t.parent_total IS NOT NULL AND t.parent_total <> 0)", {}},
        Translation{"tags:*", kRowOf + " AND x.id = t.id)", {"'specimen'", "'tags'"}},
        Translation{"phones.e164:*",
                    kRowOf + " AND x.value <> $3::text AND x.id = t.id)",
                    {"'specimen'", "'phones.e164'", "''"}}));

INSTANTIATE_TEST_SUITE_P(
    GoldenIndexed, Statements,
    ::testing::Values(
        Translation{"tags:vip",
                    "EXISTS (SELECT 1 FROM custom_index x WHERE x.tenant = t.tenant "
                    "AND x.entity = $1::text AND "
                    "x.field = $2::text AND x.value = $3::text AND x.id = t.id)",
                    {"'specimen'", "'tags'", "'vip'"}},
        Translation{"NOT tags:vip",
                    "(NOT EXISTS (SELECT 1 FROM custom_index x WHERE x.tenant = "
                    "t.tenant AND x.entity = $1::text "
                    "AND x.field = $2::text AND x.value = $3::text AND x.id = t.id))",
                    {"'specimen'", "'tags'", "'vip'"}},
        Translation{"tags:(vip OR vvip)",
                    "(" + kRowOf + " AND x.value = ANY ($3::text[]) AND x.id = t.id))",
                    {"'specimen'", "'tags'", "{'vip', 'vvip'}"}},
        Translation{"tags:vip OR total = 1 OR phones.e164:\"+4930\" OR tags:(a OR b)",
                    "(t.total = $1::bigint OR EXISTS (SELECT 1 FROM custom_index x WHERE "
                    "x.tenant = t.tenant AND x.entity = $2::text AND (x.field = $3::text AND "
                    "x.value = $4::text OR x.field = $5::text AND x.value = $6::text OR "
                    "x.field = $7::text AND x.value = ANY ($8::text[])) AND x.id = t.id))",
                    {"1", "'specimen'", "'tags'", "'vip'", "'phones.e164'", "'+4930'", "'tags'",
                     "{'a', 'b'}"}},
        Translation{"NOT counters.calls < 3",
                    "(EXISTS (SELECT 1 FROM custom_index x WHERE x.tenant = t.tenant "
                    "AND x.entity = $1::text AND "
                    "x.field = $2::text AND x.value >= $3::text AND x.id = t.id))",
                    {"'specimen'", "'counters.calls'", "'8000000000000003'"}}));

TEST(ToSql, NumbersPlaceholdersFromWhereItIsTold) {
  EXPECT_EQ(Translate("total = 1 AND count = 2", 4)->text,
            "(t.total = $4::bigint AND t.count = $5::bigint)");
}

TEST(ToSql, AsksTheCallerForSearch) {
  Result<SqlCondition> sql = Translate("-\"Tel  Aviv\"");
  ASSERT_TRUE(sql.ok());
  EXPECT_EQ(sql->text, "(NOT (strpos(t.search, $1::text) > 0))");
  EXPECT_EQ(Print(sql->params[0]), "'tel aviv'");
}

class NoColumns final : public SqlColumns {
 public:
  std::optional<SqlColumn> Find(const FieldPath& path) const override {
    if (path.text == "total")
      return SqlColumn{.kind = SqlColumn::Kind::kTime, .expression = "t.total"};
    return std::nullopt;
  }
};

TEST(ToSql, RefusesWhatTheTableDoesNotHave) {
  auto refusal = [](const std::string& text) {
    return ToSql(*ParseAndCheck(text, SpecimenSchema()), NoColumns()).status();
  };
  Status status = refusal("NOT (count = 1)");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "The filter names \"count\", by which lists cannot be filtered (at character 5).");
  EXPECT_EQ(status.metadata().at("field"), "count");
  EXPECT_EQ(refusal("word").message(),
            "The filter has a bare word, and there is no search here (at character 0).");
  EXPECT_EQ(refusal("total = 1").code(), Code::kInternal);
}

TEST(IndexText, KeepsTheOrderOfItsType) {
  std::vector<Value> ints = {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{0},
                             int64_t{1}, std::numeric_limits<int64_t>::max()};
  std::vector<Value> doubles = {-std::numeric_limits<double>::infinity(),
                                -1.5,
                                -1e-300,
                                0.0,
                                1e-300,
                                2.0,
                                std::numeric_limits<double>::infinity(),
                                -std::numeric_limits<double>::quiet_NaN()};
  for (const auto& values : {ints, doubles}) {
    for (size_t i = 1; i < values.size(); ++i)
      EXPECT_LT(IndexText(values[i - 1]), IndexText(values[i])) << i;
  }
  EXPECT_EQ(IndexText(-0.0), IndexText(0.0));
}

TEST(IndexRows, HaveARowForEachElementKeyAndPart) {
  testing::v1::Specimen specimen;
  specimen.add_tags("b");
  specimen.add_tags("a");
  specimen.add_tags("b");
  specimen.add_phones()->set_e164("+972");
  (*specimen.mutable_custom_fields())["a key"] = "x";
  auto rows = [&](const char* path) {
    std::string out;
    for (const IndexRow& row : IndexRows(*SpecimenSchema().Resolve(path), specimen)) {
      out += row.field + "=" + row.value + ";";
    }
    return out;
  };
  EXPECT_EQ(rows("tags"), "tags=a;tags=b;");
  EXPECT_EQ(rows("phones"), "phones=;phones.e164=+972;phones.label=;phones.number=;");
  EXPECT_EQ(rows("custom_fields"), "custom_fields=a key;custom_fields.\"a key\"=x;");
  EXPECT_EQ(rows("counters"), "");
}

// Under row-level security only conditions of leakproof operators may be evaluated inside an index
// scan.
TEST(ToSql, FindsByIndexUnderRowLevelSecurity) {
  test::PgSchema schema(
      "CREATE TABLE specimens (tenant uuid NOT NULL, id uuid NOT NULL, display_name text COLLATE "
      "\"C\" NOT NULL, "
      "total bigint NOT NULL, due_time timestamptz, owner uuid, PRIMARY KEY (tenant, id));"
      "CREATE INDEX by_name ON specimens (tenant, display_name);"
      "CREATE INDEX by_total ON specimens (tenant, total);"
      "CREATE INDEX by_due ON specimens (tenant, due_time);"
      "CREATE INDEX by_owner ON specimens (tenant, owner);"
      "ALTER TABLE specimens ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY tenants ON specimens USING (tenant = current_setting('crm.tenants')::uuid);");
  const Uuid tenant = NamedUuid("tenant", "1");
  for (const auto& [filter, index] : std::vector<std::pair<std::string, std::string>>{
           {"display_name = \"abc*\"", "by_name"},
           {"display_name = abc", "by_name"},
           {"display_name = (abc OR def)", "by_name"},
           {"display_name >= \"x\"", "by_name"},
           {"display_name = \"abc*def\"", "by_name"},
           {"total > 5", "by_total"},
           {"due_time < now()", "by_due"},
           {"owner = users/0190163d-8694-739b-aea5-966c26f8ad91", "by_owner"}}) {
    Result<SqlCondition> sql = Translate(filter);
    ASSERT_TRUE(sql.ok());
    pg::Statement statement{
        "EXPLAIN SELECT id FROM specimens t WHERE tenant = current_setting('crm.tenants')::uuid "
        "AND " +
            sql->text,
        {}};
    for (const SqlValue& value : sql->params) {
      statement.params.push_back(pg::ToParam(value));
    }
    Result<pg::Rows> rows = schema.database().Read(tenant, statement);
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    std::string plan;
    for (size_t i = 0; i < rows->size(); ++i) plan += rows->GetString(i, 0) + "\n";
    size_t condition = plan.find("Index Cond: ");
    ASSERT_NE(condition, std::string::npos) << filter << "\n" << plan;
    EXPECT_NE(plan.find(index), std::string::npos) << plan;
    std::string field = filter.substr(0, filter.find(' '));
    EXPECT_NE(plan.substr(condition, plan.find('\n', condition) - condition).find(field),
              std::string::npos)
        << filter << "\n"
        << plan;
  }
}

}  // namespace
}  // namespace crm::filter
