// How PostgreSQL finds what a commit or a look-up touches. A plan that was made while a table was
// empty must go once it has rows, long before there are millions.
#include <gtest/gtest.h>

#include "libs/command/pg_sql.h"
#include "libs/command/pg_store.h"
#include "libs/command/store_conformance.h"

namespace crm::test {
namespace {

using testing::v1::Exhibit;

constexpr Uuid kTenant{{1}};
constexpr int kOthers = 20'000;

class PgPlans : public ::testing::Test {
 protected:
  PgPlans() {
    schema_.Execute("ANALYZE");  // the planner now knows that the tables are empty
    session_ = std::move(*schema_.database().OpenSession());
  }

  RecordKey KeyOf(uint8_t number) const {
    Uuid id;
    id.bytes[15] = number;
    return {&MuseumTypes().Of(Exhibit::descriptor()), kTenant, id};
  }

  // Rows that PostgreSQL looks at for a group of three: one of them changed, one erased, one new.
  int64_t RowsReadByACommit() {
    std::vector<RecordWrite> writes;
    std::set<std::pair<Uuid, Uuid>> names;
    for (uint8_t number : {1, 2, 3}) {
      Exhibit exhibit;
      exhibit.set_name(KeyOf(number).name());
      writes.push_back(MakeRecordWrite(KeyOf(number), number == 2 ? 0 : 2, exhibit));
      writes.back().is_new = number == 3;
      names.insert({kTenant, KeyOf(number).id});
    }
    std::vector<pg::Statement> statements{
        pg::SetTenants(std::vector{kTenant}),
        SelectVersions(MuseumTypes().Of(Exhibit::descriptor()), names)};
    for (auto& statement : WriteRecords({&writes[0], &writes[1], &writes[2]})) {
      statements.push_back(std::move(statement));
    }
    return RowsReadBy(std::move(statements));
  }

  int64_t PoliciesLike(const std::string& pattern) {
    return schema_
        .Execute(
            "SELECT count(*) FROM pg_policies WHERE schemaname = $1::text AND qual LIKE $2::text",
            {pg::Value(schema_.name()), pg::Value(pattern)})
        .GetInt(0, 0);
  }

  // Exhibits of one tag and of a number each, beyond those of KeyOf.
  void AddOthers() {
    for (const char* sql :
         {"INSERT INTO exhibits (tenant, id, version, index_revision, deleted, occurred_at, body, "
          "code, search_text) SELECT $1::uuid, lpad(to_hex(n + 255), 32, '0')::uuid, 1, 0, false, "
          "now(), '', n::text, '' FROM generate_series(1, $2::bigint) AS n",
          "INSERT INTO custom_index (tenant, entity, field, value, id) SELECT $1::uuid, "
          "'exhibits', 'tags', 'old', lpad(to_hex(n + 255), 32, '0')::uuid FROM "
          "generate_series(1, $2::bigint) AS n",
          "INSERT INTO custom_index (tenant, entity, field, value, id) SELECT $1::uuid, "
          "'exhibits', 'custom_fields.number', n::text, lpad(to_hex(n + 255), 32, '0')::uuid FROM "
          "generate_series(1, $2::bigint) AS n"}) {
      schema_.Execute(sql, {pg::Value(kTenant), pg::Value(static_cast<int64_t>(kOthers))});
    }
  }

  // In one group, as the committer does.
  void CommitNew(int count) {
    std::vector<WriteSet> sets(static_cast<size_t>(count));
    std::vector<const WriteSet*> group;
    for (auto& set : sets) {
      Uuid id = NamedUuid("exhibit", std::to_string(++made_));
      RecordKey key{&MuseumTypes().Of(Exhibit::descriptor()), kTenant, id};
      Exhibit exhibit;
      exhibit.set_name(key.name());
      exhibit.add_tags("new");
      set.tenant = kTenant;
      set.checks.push_back({key, 0});
      set.records.push_back(MakeRecordWrite(key, 1, exhibit));
      set.records.back().is_new = true;
      group.push_back(&set);
    }
    for (const auto& result : store_.Commit(group, {})) ASSERT_TRUE(result.status.ok());
  }

  // Rows that PostgreSQL looks at for the page of 50 with that tag behind the exhibit `number`.
  int64_t RowsReadByTagAfter(int number) {
    const auto& type = MuseumTypes().Of(Exhibit::descriptor());
    auto filter = filter::ParseAndCheck("tags:old", type.filter_schema());
    ListQuery query;
    query.type = &type;
    query.tenant = kTenant;
    query.filter = &*filter;
    query.after.emplace();
    query.after->id.bytes[14] = static_cast<uint8_t>(number >> 8);
    query.after->id.bytes[15] = static_cast<uint8_t>(number);
    auto select = SelectList(query);
    EXPECT_TRUE(select.ok());
    return RowsReadBy({pg::SetTenants(std::vector{kTenant}), select->statement});
  }

  // Rows that PostgreSQL looks at for a page of all exhibits that the filter fits.
  int64_t RowsReadByAListOf(const std::string& text) {
    const auto& type = MuseumTypes().Of(Exhibit::descriptor());
    auto filter = filter::ParseAndCheck(text, type.filter_schema());
    EXPECT_TRUE(filter.ok()) << filter.status().ToString();
    ListQuery query;
    query.type = &type;
    query.tenant = kTenant;
    query.filter = &*filter;
    auto select = SelectList(query);
    EXPECT_TRUE(select.ok());
    return RowsReadBy({pg::SetTenants(std::vector{kTenant}), select->statement});
  }

  int64_t RowsKnown() {
    return schema_
        .Execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'exhibits'::regclass")
        .GetInt(0, 0);
  }

 private:
  int64_t RowsReadBy(std::vector<pg::Statement> statements) {
    // Counts go on from one transaction of the session to the next.
    const pg::Statement count{
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM "
        "pg_stat_xact_user_tables WHERE schemaname = $1::text",
        {pg::Value(schema_.name())}};
    statements.insert(statements.begin(), count);
    statements.push_back(count);
    auto rows = session_->RunBegin(statements);
    EXPECT_TRUE(rows.ok()) << rows.status().ToString();
    EXPECT_TRUE(session_->Rollback().ok());
    return rows.ok() ? rows->back().GetInt(0, 0) - rows->front().GetInt(0, 0) : -1;
  }

  PgSchema schema_{MuseumMigrations()};
  PgStore store_{schema_.database(), schema_.scan()};
  int made_ = 0;
  std::unique_ptr<pg::Session> session_;
};

TEST_F(PgPlans, FindWhatAGroupTouchesByItsKeysOnceTheTablesHaveGrown) {
  EXPECT_LT(RowsReadByACommit(), 10);
  AddOthers();
  CommitNew(100);  // the committer sees that the tables grow
  EXPECT_LT(RowsReadByACommit(), 10);
}

TEST_F(PgPlans, FindRecordsByAUniqueFieldOnceTheTableHasGrown) {
  AddOthers();
  CommitNew(100);
  EXPECT_LT(RowsReadByAListOf("code = a OR code = b"), 10);
}

// As whoever looks for a person by phone or e-mail does, with each enquiry.
TEST_F(PgPlans, BeginAtTheIndexWhereOneOfSeveralElementsIsEnough) {
  AddOthers();
  CommitNew(100);
  EXPECT_LT(RowsReadByAListOf("custom_fields.number = 7 OR tags:rare"), 10);
}

TEST_F(PgPlans, GoOnInAListByATagWhereThePageBeforeEnded) {
  AddOthers();
  CommitNew(100);
  for (int number : {0, 10'000, 19'900}) {
    EXPECT_LE(RowsReadByTagAfter(number), 2 * 50) << "behind " << number;
  }
}

TEST_F(PgPlans, AreMadeAnewAfterTheFirstRowsOfATable) {
  CommitNew(99);
  EXPECT_EQ(RowsKnown(), 0);
  CommitNew(1);
  EXPECT_EQ(RowsKnown(), 100);
  CommitNew(850);
  EXPECT_EQ(RowsKnown(), 100);
  CommitNew(60);
  EXPECT_EQ(RowsKnown(), 1010);
}

// A function in a policy is parsed and inlined for each statement that is planned.
TEST_F(PgPlans, KeepTenantsApartWithoutAFunctionOfOurs) {
  EXPECT_GT(PoliciesLike("%"), 10);
  EXPECT_EQ(PoliciesLike("%crm\\_tenants%"), 0);
}

}  // namespace
}  // namespace crm::test
