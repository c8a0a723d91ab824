// Sessions on a real server: borders of transactions, errors in a pipeline, lost connections.
#include <gtest/gtest.h>

#include <thread>

#include "libs/pg/database.h"
#include "libs/testing/eventually.h"
#include "libs/testing/pg_schema.h"

namespace crm::pg {
namespace {

using test::Eventually;

class Sessions : public ::testing::Test {
 protected:
  Sessions()
      : schema_("CREATE TABLE things (id bigint PRIMARY KEY, body text)"), session_(Open()) {}

  std::unique_ptr<Session> Open() {
    auto session = schema_.database().OpenSession();
    EXPECT_TRUE(session.ok()) << session.status().ToString();
    return session.ok() ? std::move(*session) : nullptr;
  }
  static Statement Insert(int64_t id, std::string body = "") {
    return {"INSERT INTO things VALUES ($1::bigint, $2::text) RETURNING id", {id, std::move(body)}};
  }
  int64_t Count() { return schema_.Execute("SELECT count(*) FROM things").GetInt(0, 0); }
  static Result<std::vector<Rows>> Run(Session& session, std::vector<Statement> statements) {
    return session.Run(statements);
  }
  static Result<std::vector<Rows>> Begin(Session& session, std::vector<Statement> statements) {
    return session.RunBegin(statements);
  }
  static Result<std::vector<Rows>> Commit(Session& session, std::vector<Statement> statements) {
    return session.RunCommit(statements);
  }
  static int64_t BackendOf(Session& session) {
    auto rows = Run(session, {{"SELECT pg_backend_pid()", {}}});
    return rows.ok() ? rows->front().GetInt(0, 0) : 0;
  }
  // Until the server has seen it off.
  void Kill(int64_t pid) {
    schema_.Execute("SELECT pg_terminate_backend($1::bigint::int)", {pid});
    EXPECT_TRUE(Eventually([&] {
      return schema_.Execute("SELECT count(*) FROM pg_stat_activity WHERE pid = $1::bigint", {pid})
                 .GetInt(0, 0) == 0;
    }));
  }

  test::PgSchema schema_;
  std::unique_ptr<Session> session_;
};

TEST_F(Sessions, RunReturnsTheRowsOfEachStatementInOrder) {
  auto rows = Run(*session_, {Insert(1), {"SELECT 'a'", {}}, {"UPDATE things SET body = 'b'", {}}});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  ASSERT_EQ(rows->size(), 3u);
  EXPECT_EQ((*rows)[0].GetInt(0, 0), 1);
  EXPECT_EQ((*rows)[1].GetString(0, 0), "a");
  EXPECT_EQ((*rows)[2].affected(), 1);
  EXPECT_EQ(Count(), 1);
}

TEST_F(Sessions, RunOutsideOfATransactionIsAllOrNothing) {
  auto rows = Run(*session_, {Insert(1), Insert(1), Insert(2)});
  EXPECT_EQ(rows.status().code(), Code::kAlreadyExists);
  EXPECT_EQ(rows.status().reason(), "PG_UNIQUE");
  EXPECT_EQ(rows.status().metadata().at("sqlstate"), "23505");
  EXPECT_EQ(rows.status().metadata().at("statement"), "1");
  EXPECT_EQ(rows.status().metadata().at("constraint"), "things_pkey");
  EXPECT_EQ(Count(), 0);
}

TEST_F(Sessions, RunBeginLetsItsCallerWorkWhileTheServerDoes) {
  const Statement lock{"SELECT pg_advisory_xact_lock(7)", {}};
  const int64_t backend = BackendOf(*session_);
  auto other = Open();
  ASSERT_TRUE(Begin(*other, {lock}).ok());
  bool waited = false;
  auto rows = session_->RunBegin(std::vector{lock, Insert(1)}, [&] {
    waited = Eventually([&] {
      return schema_
                 .Execute("SELECT count(*) FROM pg_locks WHERE pid = $1::bigint AND NOT granted",
                          {backend})
                 .GetInt(0, 0) == 1;
    });
    ASSERT_TRUE(other->Rollback().ok());
  });
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_TRUE(waited) << "the statements are sent before, and answered after";
  EXPECT_EQ((*rows)[1].GetInt(0, 0), 1);
}

TEST_F(Sessions, NothingIsVisibleBeforeRunCommit) {
  ASSERT_TRUE(Begin(*session_, {Insert(1), Insert(2)}).ok());
  EXPECT_EQ(Count(), 0);
  ASSERT_TRUE(Run(*session_, {Insert(3)}).ok());
  EXPECT_EQ(Count(), 0) << "a Sync inside BEGIN must not commit";
  auto rows = Commit(*session_, {Insert(4)});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(rows->front().GetInt(0, 0), 4);
  EXPECT_EQ(Count(), 4);
}

TEST_F(Sessions, ErrorInTheFirstHalfIsUndoneByRollback) {
  auto rows = Begin(*session_, {Insert(1), {"SELECT 1 / $1::int", {int64_t{0}}}, Insert(2)});
  EXPECT_EQ(rows.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(rows.status().metadata().at("sqlstate"), "22012");
  EXPECT_EQ(rows.status().metadata().at("statement"), "1");
  EXPECT_EQ(Run(*session_, {Insert(3)}).status().reason(), "PG_SESSION_STATE");
  ASSERT_TRUE(session_->Rollback().ok());
  EXPECT_EQ(Count(), 0);
  ASSERT_TRUE(Begin(*session_, {Insert(1)}).ok());
  ASSERT_TRUE(Commit(*session_, {Insert(2)}).ok());
  EXPECT_EQ(Count(), 2);
}

TEST_F(Sessions, ErrorInTheSecondHalfIsUndoneByRollback) {
  ASSERT_TRUE(Begin(*session_, {Insert(1)}).ok());
  auto rows = Commit(*session_, {Insert(2), Insert(1)});
  EXPECT_EQ(rows.status().reason(), "PG_UNIQUE");
  EXPECT_EQ(rows.status().metadata().at("statement"), "1");
  ASSERT_TRUE(session_->Rollback().ok());
  EXPECT_EQ(Count(), 0);
  ASSERT_TRUE(Run(*session_, {Insert(1)}).ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(Sessions, ErrorOfTheCommitItselfIsTheResult) {
  schema_.Execute("ALTER TABLE things ADD UNIQUE (body) DEFERRABLE INITIALLY DEFERRED");
  ASSERT_TRUE(Begin(*session_, {Insert(1, "same")}).ok());
  EXPECT_EQ(Commit(*session_, {Insert(2, "same")}).status().reason(), "PG_UNIQUE");
  ASSERT_TRUE(session_->Rollback().ok());
  EXPECT_EQ(Count(), 0);
}

TEST_F(Sessions, RollbackOfAnOpenTransactionForgetsIt) {
  ASSERT_TRUE(Begin(*session_, {Insert(1)}).ok());
  ASSERT_TRUE(session_->Rollback().ok());
  ASSERT_TRUE(session_->Rollback().ok()) << "also where nothing is open";
  ASSERT_TRUE(Run(*session_, {Insert(1)}).ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(Sessions, BordersOutOfTurnAreRefused) {
  EXPECT_EQ(Commit(*session_, {Insert(1)}).status().reason(), "PG_SESSION_STATE");
  ASSERT_TRUE(Begin(*session_, {}).ok());
  EXPECT_EQ(Begin(*session_, {}).status().reason(), "PG_SESSION_STATE");
  ASSERT_TRUE(Commit(*session_, {}).ok());
  EXPECT_EQ(Count(), 0);
}

TEST_F(Sessions, BadParameterSendsNothingOfItsBatch) {
  auto rows = Run(*session_, {Insert(1), {"SELECT $1::uuid", {int64_t{1}}}});
  EXPECT_EQ(rows.status().reason(), "PG_BAD_PARAMETER");
  EXPECT_EQ(rows.status().metadata().at("statement"), "1");
  ASSERT_TRUE(session_->Rollback().ok());
  EXPECT_EQ(Count(), 0);
}

TEST_F(Sessions, StatementThatCannotBePreparedLeavesTheCacheRight) {
  const Statement late{"SELECT count(*) FROM later", {}};
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto rows = Run(*session_, {late, Insert(1)});
    EXPECT_EQ(rows.status().metadata().at("sqlstate"), "42P01");
    EXPECT_EQ(rows.status().metadata().at("statement"), "0");
    ASSERT_TRUE(session_->Rollback().ok());
  }
  schema_.Execute("CREATE TABLE later ()");
  schema_.Execute("GRANT SELECT ON later TO PUBLIC");
  auto rows = Run(*session_, {late, Insert(1)});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
}

TEST_F(Sessions, MoreStatementsThanTheCacheHoldsStillRun) {
  for (int round = 0; round < 3; ++round) {
    std::vector<Statement> statements;
    for (int i = 0; i < 700; ++i) {
      statements.push_back({"SELECT " + std::to_string(i) + " + $1::bigint", {int64_t{1}}});
    }
    auto rows = Run(*session_, statements);
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    for (size_t i = 0; i < rows->size(); ++i) {
      ASSERT_EQ((*rows)[i].GetInt(0, 0), static_cast<int64_t>(i) + 1);
    }
  }
  auto rows = Run(*session_, {{"SELECT count(*) FROM pg_prepared_statements", {}}});
  ASSERT_TRUE(rows.ok());
  EXPECT_LE(rows->front().GetInt(0, 0), 501);
}

TEST_F(Sessions, LargePipelineInBothDirectionsDoesNotDeadlock) {
  // Far more than the socket buffers of both sides hold.
  const std::string big(1'000'000, 'x');
  std::vector<Statement> statements;
  for (int i = 0; i < 60; ++i) statements.push_back({"SELECT $1::text", {big}});
  auto rows = Begin(*session_, statements);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  for (const Rows& row : *rows) ASSERT_EQ(row.GetBytes(0, 0).size(), big.size());
  ASSERT_TRUE(Commit(*session_, statements).ok());
}

TEST_F(Sessions, KilledConnectionIsReportedAndRollbackReconnects) {
  auto begun = Begin(*session_, {{"SELECT pg_backend_pid()", {}}, Insert(1)});
  ASSERT_TRUE(begun.ok());
  Kill(begun->front().GetInt(0, 0));
  auto rows = Commit(*session_, {Insert(2)});
  EXPECT_EQ(rows.status().code(), Code::kUnavailable);
  EXPECT_EQ(rows.status().reason(), "PG_CONNECTION_LOST");
  EXPECT_TRUE(rows.status().retry_after().has_value());
  EXPECT_EQ(Run(*session_, {Insert(3)}).status().reason(), "PG_SESSION_STATE");
  ASSERT_TRUE(session_->Rollback().ok());
  EXPECT_EQ(Count(), 0);
  ASSERT_TRUE(Run(*session_, {Insert(4)}).ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(Sessions, ConnectionThatDiedWhileIdleIsReplacedByRollback) {
  const int64_t before = BackendOf(*session_);
  Kill(before);
  ASSERT_TRUE(session_->Rollback().ok());
  const int64_t after = BackendOf(*session_);
  EXPECT_NE(after, 0);
  EXPECT_NE(after, before);
}

TEST_F(Sessions, DeadlockIsAbortedWithARetryHint) {
  ASSERT_TRUE(Run(*session_, {Insert(1), Insert(2)}).ok());
  const auto touch = [](int64_t id) {
    return Statement{"UPDATE things SET body = 'x' WHERE id = $1::bigint", {id}};
  };
  auto other = Open();
  ASSERT_TRUE(Begin(*session_, {touch(1)}).ok());
  ASSERT_TRUE(Begin(*other, {touch(2)}).ok());
  Status theirs;
  std::thread rival([&] { theirs = Commit(*other, {touch(1)}).status(); });
  const Status ours = Commit(*session_, {touch(2)}).status();
  rival.join();
  EXPECT_NE(ours.ok(), theirs.ok()) << ours.ToString() << theirs.ToString();
  const Status& loser = ours.ok() ? theirs : ours;
  EXPECT_EQ(loser.code(), Code::kAborted);
  EXPECT_EQ(loser.reason(), "PG_DEADLOCK");
  EXPECT_EQ(loser.metadata().at("sqlstate"), "40P01");
  EXPECT_TRUE(loser.retry_after().has_value());
}

TEST_F(Sessions, TransactionIdTellsHowItsTransactionEnded) {
  const Statement own_id{"SELECT pg_current_xact_id()::text", {}};
  const auto state = [&](const std::string& xid) {
    auto result = schema_.database().XactStatus(xid);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? *result : XactState::kUnknown;
  };
  auto rows = Begin(*session_, {own_id, Insert(1)});
  ASSERT_TRUE(rows.ok());
  const std::string committed = rows->front().GetString(0, 0);
  EXPECT_EQ(state(committed), XactState::kInProgress);
  ASSERT_TRUE(Commit(*session_, {}).ok());
  EXPECT_EQ(state(committed), XactState::kCommitted);
  rows = Begin(*session_, {own_id});
  ASSERT_TRUE(rows.ok());
  const std::string aborted = rows->front().GetString(0, 0);
  ASSERT_TRUE(session_->Rollback().ok());
  EXPECT_EQ(state(aborted), XactState::kAborted);
  EXPECT_EQ(state("1000000000000"), XactState::kUnknown) << "not given out yet";
}

}  // namespace
}  // namespace crm::pg
