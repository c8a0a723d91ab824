// What a commit's answer means when the server or its standby fails in between.
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

#include "libs/pg/database.h"
#include "libs/testing/eventually.h"
#include "libs/testing/pg_process.h"

namespace crm::pg {
namespace {

using test::Eventually;
using test::PgProcess;

std::unique_ptr<Database> Open(const PgProcess& server) {
  auto database = Database::Open({.dsn = server.dsn(), .schema = "public"});
  EXPECT_TRUE(database.ok()) << database.status().ToString();
  return database.ok() ? std::move(*database) : nullptr;
}

std::unique_ptr<Session> OpenSession(Database& database) {
  auto session = database.OpenSession();
  EXPECT_TRUE(session.ok()) << session.status().ToString();
  return session.ok() ? std::move(*session) : nullptr;
}

TEST(Crash, CommitWhoseWaitForTheStandbyWasCutShortIsUnknown) {
  PgProcess server({"synchronous_standby_names=nobody"});
  server.Start();
  auto database = Open(server);
  auto session = OpenSession(*database);
  const Statement setup[] = {{"SET LOCAL synchronous_commit = local", {}},
                             {"CREATE TABLE things (n int)", {}},
                             {"INSERT INTO things VALUES (1)", {}}};
  ASSERT_TRUE(session->RunBegin(setup).ok());
  ASSERT_TRUE(session->RunCommit({}).ok());
  const Statement insert{"INSERT INTO things VALUES (2)", {}};
  ASSERT_TRUE(session->RunBegin({&insert, 1}).ok());
  auto commit = std::async(std::launch::async, [&] { return session->RunCommit({}).status(); });
  EXPECT_TRUE(Eventually([&] {
    auto rows = database->Read(
        {"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", {}});
    return rows.ok() && rows->size() == 1;
  }));
  const Status status = commit.get();
  EXPECT_EQ(status.code(), Code::kUnknown);
  EXPECT_EQ(status.reason(), "PG_COMMIT_NOT_REPLICATED");
  auto rows = database->Read({"SELECT count(*) FROM things", {}});
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->GetInt(0, 0), 2) << "it is committed here";
  EXPECT_TRUE(session->Rollback().ok());
}

TEST(Crash, OutcomeOfACommitWhoseAnswerWasLostIsFoundAfterRecovery) {
  PgProcess server;
  server.Start();
  auto database = Open(server);
  auto session = OpenSession(*database);
  const Statement create{"CREATE TABLE things (n int)", {}};
  ASSERT_TRUE(session->Run({&create, 1}).ok());
  const Statement insert[] = {{"SELECT pg_current_xact_id()::text, pg_backend_pid()", {}},
                              {"INSERT INTO things VALUES (1)", {}}};
  auto begun = session->RunBegin(insert);
  ASSERT_TRUE(begun.ok());
  ASSERT_TRUE(session->RunCommit({}).ok());
  const std::string committed = begun->front().GetString(0, 0);
  begun = session->RunBegin(insert);
  ASSERT_TRUE(begun.ok());
  const std::string open = begun->front().GetString(0, 0);
  const std::string backend = "/proc/" + std::to_string(begun->front().GetInt(0, 1)) + "/exe";
  server.Kill();
  EXPECT_TRUE(Eventually([&] {
    std::error_code gone;
    return !std::filesystem::exists(backend, gone);
  }));
  const Status lost = session->RunCommit({}).status();
  EXPECT_EQ(lost.code(), Code::kUnavailable);
  EXPECT_EQ(lost.reason(), "PG_CONNECTION_LOST");
  EXPECT_EQ(session->Rollback().code(), Code::kUnavailable) << "there is nobody to reconnect to";
  server.Start();
  EXPECT_TRUE(Eventually([&] { return session->Rollback().ok(); }));
  const auto state = [&](const std::string& xid) {
    auto result = database->XactStatus(xid);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? *result : XactState::kInProgress;
  };
  EXPECT_TRUE(Eventually([&] { return database->XactStatus(committed).ok(); }));
  EXPECT_EQ(state(committed), XactState::kCommitted);
  EXPECT_TRUE(state(open) == XactState::kUnknown || state(open) == XactState::kAborted);
  EXPECT_TRUE(session->Run(insert).ok());
}

}  // namespace
}  // namespace crm::pg
