#include "libs/pg/types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/pg/sqlstate.h"
#include "libs/pg/statement_cache.h"

namespace crm::pg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<ParamType> TypesOf(std::string_view sql) {
  auto types = ParamTypesOf(sql);
  EXPECT_TRUE(types.ok()) << types.status().ToString();
  return types.ok() ? *types : std::vector<ParamType>();
}

TEST(ParamTypesOf, ReadsTheFirstCastOfEachParameterInAnyOrder) {
  EXPECT_THAT(TypesOf("SELECT $2::BIGINT, $1::uuid[], $1, $2::text, $3::double precision[]"),
              ElementsAre(ParamType{Type::kUuid, true}, ParamType{Type::kInt8},
                          ParamType{Type::kFloat8, true}));
  EXPECT_THAT(TypesOf("SELECT $1::text::date WHERE x = $2::int4"),
              ElementsAre(ParamType{Type::kText}, ParamType{Type::kInt4}));
  EXPECT_THAT(TypesOf("SELECT 1"), IsEmpty());
}

TEST(ParamTypesOf, DollarInAStringOrAQuotedBodyIsNoParameter) {
  EXPECT_THAT(TypesOf("SELECT '$7, it''s $8', $1::bool"), ElementsAre(ParamType{Type::kBool}));
  EXPECT_THAT(TypesOf("SELECT $$text$$"), IsEmpty());
}

TEST(ParamTypesOf, ParameterWithoutCastOrWithAnUnknownOneIsRefusedByNumber) {
  const Status bare = ParamTypesOf("SELECT $1::uuid, $3::uuid").status();
  EXPECT_EQ(bare.reason(), "PG_BAD_STATEMENT");
  EXPECT_THAT(bare.message(), HasSubstr("$2 has no cast"));
  const Status unknown = ParamTypesOf("SELECT $1::date").status();
  EXPECT_EQ(unknown.reason(), "PG_BAD_STATEMENT");
  EXPECT_THAT(unknown.message(), HasSubstr("'date'"));
  EXPECT_FALSE(ParamTypesOf("SELECT $0::uuid").ok());
  EXPECT_FALSE(ParamTypesOf("SELECT $65536::uuid").ok());
  EXPECT_FALSE(ParamTypesOf("SELECT $99999999999999999999::uuid").ok());
}

TEST(StatementCache, GivesUpTheLeastRecentlyUsedThatTheServerHas) {
  StatementCache cache(2);
  const auto use = [&](const std::string& sql) {
    auto entry = cache.Find(sql);
    EXPECT_TRUE(entry.ok());
    (*entry)->sent = true;
    return (*entry)->name;
  };
  const std::string a = use("A");
  const std::string b = use("B");
  EXPECT_EQ(use("A"), a);
  use("C");
  EXPECT_THAT(cache.Evict(), ElementsAre(b));
  EXPECT_THAT(cache.Evict(), IsEmpty());
  EXPECT_NE(use("B"), b) << "a name is never given twice";
}

TEST(StatementCache, DroppedStatementIsPreparedUnderANewName) {
  StatementCache cache(2);
  const std::string name = (*cache.Find("A"))->name;
  cache.Drop(name);
  cache.Drop("unknown");
  EXPECT_NE((*cache.Find("A"))->name, name);
  EXPECT_FALSE((*cache.Find("A"))->sent);
}

TEST(StatusOf, CodesFollowTheSqlstate) {
  const auto code = [](const char* sqlstate) { return StatusOf(sqlstate, "").code(); };
  EXPECT_EQ(code("40001"), Code::kAborted);
  EXPECT_EQ(code("40P01"), Code::kAborted);
  EXPECT_EQ(code("55P03"), Code::kAborted);
  EXPECT_EQ(code("57014"), Code::kCancelled);
  EXPECT_EQ(code("57P01"), Code::kUnavailable);
  EXPECT_EQ(code("08006"), Code::kUnavailable);
  EXPECT_EQ(code("25006"), Code::kUnavailable);
  EXPECT_EQ(code("53300"), Code::kUnavailable);
  EXPECT_EQ(code("53100"), Code::kResourceExhausted);
  EXPECT_EQ(code("23505"), Code::kAlreadyExists);
  EXPECT_EQ(code("23514"), Code::kFailedPrecondition);
  EXPECT_EQ(code("42501"), Code::kPermissionDenied);
  EXPECT_EQ(code("22P02"), Code::kInvalidArgument);
  EXPECT_EQ(code("42703"), Code::kInternal);
  EXPECT_EQ(code(""), Code::kInternal);
}

TEST(StatusOf, RetryHintIsGivenWhereARetryHelps) {
  EXPECT_TRUE(StatusOf("40001", "").retry_after().has_value());
  EXPECT_TRUE(ConnectionLost("").retry_after().has_value());
  EXPECT_FALSE(StatusOf("23505", "").retry_after().has_value());
  EXPECT_EQ(StatusOf("40001", "").metadata().at("sqlstate"), "40001");
  EXPECT_EQ(ConnectionLost("").metadata().at("sqlstate"), "");
}

}  // namespace
}  // namespace crm::pg
